"""What the commands do, free of command lines: from folders to weights, and from weights to a model file."""

import logging
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch

from artifact import Artifact, choose_device
from contract import MetricCard
from training import team
from training.checkpoint import Again, RunInterrupted, checkpoint_of
from training.classes import BINARY
from training.data import DataProblem, Sample, Split, check_images, digest, join
from training.evaluation import choose_operating_point, fit_temperature, measure_each, weigh_evenly
from training.export import export
from training.fit import fit
from training.folder import read_folder
from training.networks import Network
from training.patients import compile_pattern, is_known
from training.plan import Goal, Plan, Samples
from training.record import Record, read_record, record_of
from training.rendered import NAME as RENDERED
from training.rendered import write_data_set
from training.scoring import score
from training.team import join_team

logger = logging.getLogger(__name__)

CLASSES = ("benign", "malignant")
ROOM = 4_000_000_000
"""Bytes that a run may take: weights, and two checkpoints of three times their size at once."""
SAMPLE = "sample"
"""Where a data folder is asked for: the rendered set, drawn on the spot."""


class Source(NamedTuple):
    """The image folders, and how their file names tell the patient (None: as the known data sets do)."""

    folders: list[Path]
    patient_pattern: str | None

    def read(self) -> list[Split]:
        """Read and split every folder.

        Raises:
            DataProblem: if one of them cannot be trained on.
        """
        names = [folder.name for folder in self.folders]
        if len(set(names)) < len(names):
            raise DataProblem("Two data folders have one name, by which figures are told apart. Rename one.")
        pattern = compile_pattern(self.patient_pattern) if self.patient_pattern else None
        splits = [read_folder(folder, CLASSES, pattern) for folder in self.folders]
        _warn_of_shared_patients(splits)
        return splits


def _warn_of_shared_patients(splits: Sequence[Split]) -> None:
    """Say aloud when a patient tested in one folder stands in another's training images."""
    fitted, validation, test = join(splits)
    known = {s.patient: s.data_set for s in (*fitted, *validation) if is_known(s.patient)}
    shared = {s.patient for s in test if known.get(s.patient, s.data_set) != s.data_set}
    if shared:
        logger.warning(
            "%d patients, for example %s, stand in the test images of one folder and the training images of "
            "another. If they are the same people, put them into one folder; the figures are inflated.",
            len(shared),
            min(shared),
        )


def find_folders(names: Sequence[str], out: Path) -> list[Path]:
    """Return the named folders; `sample` is drawn beside `out` first, unless it was before."""
    folders = [out.parent / RENDERED if name == SAMPLE else Path(name) for name in names]
    if SAMPLE in names:
        write_data_set(out.parent / RENDERED)
    return [folder.resolve() for folder in folders]


def train(source: Source, plan: Plan, out: Path, device: str, again: Again | None = None) -> Record | None:
    """Fit the network, choose temperature and threshold on validation data, measure once on the test folders.

    Writes `out` (weights only) and a record beside it, and removes the checkpoint when all is done. Of
    several processes that torchrun started only the first one writes, and returns the record.

    Raises:
        DataProblem: if the folders cannot be trained on.
        RunInterrupted: if a checkpoint stands there and `again` does not say what to do with it, or if it
            belongs to another plan.
    """
    _check_place(out)
    splits = source.read()
    samples, validation, test = join(splits)
    check_images([*samples, *validation, *test])
    images = digest(splits)
    goal = Goal(out, plan.describe() | {"images": images}, again)
    with join_team(choose_device(device)) as place:
        network = fit(Samples(samples, validation), plan, goal, place)
        if team.rank() > 0:
            return None
    scores = score(network, validation, place)
    temperature = fit_temperature(scores)
    malignant = 1 - scores.probabilities(temperature)[:, 0]
    point = choose_operating_point(scores.labels, malignant, weigh_evenly(validation))
    record = Record(
        architecture=plan.architecture,
        classes=list(CLASSES),
        malignant=[name for name, malignant in zip(*BINARY, strict=True) if malignant],
        data=source.folders,
        patient_pattern=source.patient_pattern,
        images=images,
        is_begun=plan.weights is not None,
        is_taught=plan.teacher is not None,
        images_per_epoch=plan.images_per_epoch,
        epochs=plan.epochs,
        warm_start_epochs=plan.warm_start_epochs,
        head_epochs=plan.head_epochs,
        batch_size=plan.batch_size,
        learning_rate=plan.learning_rate,
        seed=plan.seed,
        temperature=temperature,
        operating_point=point,
        test=_test((network, temperature, place), test, point.threshold),
    )
    record.write(out)
    checkpoint_of(out).unlink(missing_ok=True)
    return record


def _check_place(out: Path) -> None:
    """Find out before the work, and not after it, whether its results can be written.

    Raises:
        DataProblem: if `out` is a folder, or the disk has too little room.
        OSError: if nothing can be written there.
    """
    if out.is_dir():
        raise DataProblem(f"{out} is a folder. Name a file for the weights, such as {out / 'weights.pth'}.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=out.parent):
        free = shutil.disk_usage(out.parent).free
    if free < ROOM:
        raise DataProblem(
            f"Weights and checkpoints need about {ROOM / 1e9:.0f} GB beside {out}, and only "
            f"{free / 1e9:.1f} GB are free. Free some, or name another place with --out."
        )


def _test(
    model: tuple[Network, float, torch.device], test: Sequence[Sample], threshold: float
) -> list[MetricCard]:
    """Measure a network, with its temperature and device, on the images of every test folder."""
    network, temperature, place = model
    malignant = 1 - score(network, test, place).probabilities(temperature)[:, 0]
    return measure_each(test, malignant, threshold, CLASSES, "test")


UNATTENDED = Plan(epochs=2, learning_rate=2e-4, warm_start_epochs=8)
"""How a deployment trains on its own images: few epochs, most of them cheap, which a CPU gets through."""
LONGEST_EPOCH = 20_000
"""Images that an epoch of such a training draws at most."""


def train_and_export(data: Path, out: Path) -> None:
    """Train on one folder and write the model file `out`; an interrupted training is taken up again."""
    weights = out.with_name("breast_cancer_cnn.pth")
    source = Source([data], None)
    if not _is_trained(weights, source):
        count = sum(len(split.train) for split in source.read())
        plan = replace(UNATTENDED, images_per_epoch=min(count, LONGEST_EPOCH))
        try:
            train(source, plan, weights, "auto", "resume")
        except RunInterrupted:
            train(source, plan, weights, "auto", "restart")
    export_model(weights, source.folders, out, data.name)


def _is_trained(weights: Path, source: Source) -> bool:
    """Tell whether weights of just these images stand there, from a run whose export did not get through."""
    try:
        return weights.exists() and read_record(weights).images == digest(source.read())
    except (FileNotFoundError, ValueError):
        return False


def export_model(weights: Path, folders: list[Path] | None, out: Path, name: str) -> Artifact:
    """Write the model file `out` for the weights that `train` wrote, on the images that it read.

    `folders` says where these are now, if they were moved.

    Raises:
        DataProblem: if weights, record or data are not there, or the images are others: what the network was
            fitted on must not calibrate or test it.
        CompressionRefused: if the compressed network is worse than is allowed.
    """
    try:
        record = read_record(weights)
    except (FileNotFoundError, ValueError) as error:
        raise DataProblem(
            f"{weights} has no readable record beside it ({record_of(weights).name}). "
            "Export weights where `python -m training train` wrote them."
        ) from error
    splits = Source(folders or record.data, record.patient_pattern).read()
    if digest(splits) != record.images:
        raise DataProblem(
            "The images are not those that the weights were trained with, so validation would not be apart "
            "from training. Give the same folders, or train again."
        )
    return export(weights, record, splits, out, name)
