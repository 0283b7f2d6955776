"""What the commands do, free of command lines: from folders to weights, and from weights to a model file."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from artifact import Artifact
from artifact.file import choose_device
from contract import MetricCard
from training.checkpoint import Again, RunInterrupted, checkpoint_of
from training.data import DataProblem, Sample, Split, digest, join, read_folder
from training.evaluation import choose_operating_point, fit_temperature, measure_each, weigh_evenly
from training.export import export
from training.fit import fit
from training.plan import Goal, Plan, Samples
from training.record import Record, read_record
from training.rendered import NAME as RENDERED
from training.rendered import write_data_set
from training.scoring import score

CLASSES = ("benign", "malignant")
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
        return [read_folder(folder, CLASSES, self.patient_pattern) for folder in self.folders]


def find_source(names: Sequence[str], patient_pattern: str | None, out: Path) -> Source:
    """Return the named folders; `sample` is drawn beside `out` first, unless it was before."""
    folders = [out.parent / RENDERED if name == SAMPLE else Path(name) for name in names]
    if SAMPLE in names:
        write_data_set(out.parent / RENDERED)
    return Source([folder.resolve() for folder in folders], patient_pattern)


def train(source: Source, plan: Plan, out: Path, device: str, again: Again | None = None) -> Record:
    """Fit the network, choose temperature and threshold on validation data, measure once on the test folders.

    Writes `out` (weights only) and a record beside it, and removes the checkpoint when all is done.

    Raises:
        DataProblem: if the folders cannot be trained on.
        RunInterrupted: if a checkpoint stands there and `again` does not say what to do with it, or if it
            belongs to another plan.
    """
    splits = source.read()
    place = choose_device(device)
    samples, validation, test = join(splits)
    goal = Goal(out, plan.describe() | {"images": digest([*samples, *validation])}, again)
    network = fit(Samples(samples, validation), plan, goal, place)
    scores = score(network, validation, place)
    temperature = fit_temperature(scores)
    malignant = 1 - scores.probabilities(temperature)[:, 0]
    point = choose_operating_point(scores.labels, malignant, weigh_evenly(validation))
    record = Record(
        classes=list(CLASSES),
        data=source.folders,
        patient_pattern=source.patient_pattern,
        epochs=plan.epochs,
        warm_start_epochs=plan.warm_start_epochs,
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


def _test(
    model: tuple[nn.Module, float, torch.device], test: Sequence[Sample], threshold: float
) -> list[MetricCard]:
    """Measure a network, with its temperature and device, on the images of every test folder."""
    network, temperature, place = model
    malignant = 1 - score(network, test, place).probabilities(temperature)[:, 0]
    return measure_each(test, malignant, threshold, CLASSES, "test")


UNATTENDED = Plan(epochs=3, learning_rate=2e-4, warm_start_epochs=12)
"""How a deployment trains on its own images: the plan of the starter model, which a CPU gets through."""


def train_and_export(data: Path, out: Path) -> None:
    """Train on one folder and write the model file `out`; an interrupted training is taken up again."""
    weights = out.with_name("breast_cancer_cnn.pth")
    source = Source([data], None)
    try:
        train(source, UNATTENDED, weights, "auto", "resume")
    except RunInterrupted:
        train(source, UNATTENDED, weights, "auto", "restart")
    export_model(weights, source, out, data.name)


def export_model(weights: Path, source: Source | None, out: Path, name: str) -> Artifact:
    """Write the model file `out` for the weights that `train` wrote; the data is read as it was then.

    Raises:
        DataProblem: if weights, record or data are not there.
        CompressionRefused: if the compressed network is worse than is allowed.
    """
    try:
        record = read_record(weights)
    except (FileNotFoundError, ValueError) as error:
        raise DataProblem(
            f"{weights} has no readable record beside it ({weights.with_suffix('.json').name}). "
            "Export weights where `python -m training train` wrote them."
        ) from error
    splits = (source or Source(record.data, record.patient_pattern)).read()
    return export(weights, record, splits, out, name)
