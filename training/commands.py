"""What the commands do, free of command lines: from folders to weights, and from weights to a model file."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from artifact import Artifact, choose_device
from contract import MetricCard
from training import team
from training.checkpoint import Again, RunInterrupted, checkpoint_of
from training.classes import BINARY, Classes
from training.comparison import calibrate
from training.data import DataProblem, digest, join
from training.evaluation import AIM, Aim, Scaling, measure_each
from training.export import export
from training.fit import fit
from training.inspection import check_splits
from training.plan import Goal, Plan, Samples
from training.precision import choose_precision
from training.record import Record, read_record, record_of
from training.scoring import Scores, score
from training.source import Source
from training.team import join_team

ROOM = 5_000_000_000
"""Bytes that a run may take: weights, and two checkpoints of four times their size at once."""


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
    classes = source.classes
    splits = source.read()
    samples, validation, test = join(splits)
    check_splits(splits, out)
    images = digest(splits)
    goal = Goal(out, plan.describe() | {"images": images}, again)
    with join_team(choose_device(device)) as place:
        network = fit(Samples(samples, validation, classes), plan, goal, place)
        if team.rank() > 0:
            return None
    scaling, judgement = calibrate(score(network, validation, place), classes)
    record = Record(
        architecture=plan.architecture,
        classes=list(classes.names),
        malignant=[name for name, malignant in zip(*classes, strict=True) if malignant],
        data=source.folders,
        patient_pattern=source.patient_pattern,
        patients=source.patients and source.patients.resolve(),
        images=images,
        is_begun=plan.weights is not None,
        kept=plan.kept,
        images_per_epoch=plan.images_per_epoch,
        epochs=plan.epochs,
        warm_start_epochs=plan.warm_start_epochs,
        head_epochs=plan.head_epochs,
        batch_size=plan.batch_size,
        learning_rate=plan.learning_rate,
        seed=plan.seed,
        precision=str(choose_precision(place, plan.precision)).removeprefix("torch."),
        temperature=scaling.temperature,
        bias=list(scaling.bias),
        operating_point=judgement.point,
        test=_test(score(network, test, place), scaling, classes, judgement.point.threshold),
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


def _test(scores: Scores, scaling: Scaling, classes: Classes, threshold: float) -> list[MetricCard]:
    """Measure what a network says of the images of every test folder."""
    malignancy = classes.malignancy(scaling.apply(scores.outputs))
    return measure_each(scores.samples, malignancy, threshold, classes, "test")


UNATTENDED = Plan(epochs=2, learning_rate=2e-4, warm_start_epochs=8)
"""How a deployment trains on its own images: few epochs, most of them cheap, which a CPU gets through."""
LONGEST_EPOCH = 20_000
"""Images that an epoch of such a training draws at most."""
STARTER = Path("models/starter.warm.pth")
"""What the starter model has learnt of tissue; such a training of two classes begins with it."""


def train_and_export(data: Path, out: Path) -> None:
    """Train on one folder and write the model file `out`; an interrupted training is taken up again."""
    weights = out.with_name("breast_cancer_cnn.pth")
    source = Source([data])
    if not _is_trained(weights, source):
        count = sum(len(split.train) for split in source.read())
        begun = STARTER if STARTER.is_file() and len(source.classes.names) == len(BINARY.names) else None
        plan = replace(UNATTENDED, images_per_epoch=min(count, LONGEST_EPOCH), weights=begun)
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


def export_model(weights: Path, folders: list[Path] | None, out: Path, name: str, aim: Aim = AIM) -> Artifact:
    """Write the model file `out` for the weights that `train` wrote, on the images that it read.

    `folders` says where these are now, if they were moved, and `aim` what the band is to keep.

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
    source = Source(folders or record.data, record.patient_pattern, record.patients, record.malignant)
    splits = source.read()
    if digest(splits) != record.images:
        raise DataProblem(
            "The images are not those that the weights were trained with, so validation would not be apart "
            "from training. Give the same folders, or train again."
        )
    return export(weights, record, splits, out, name, aim)
