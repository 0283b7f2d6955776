"""What a training run leaves beside its weights: enough to evaluate and export them later."""

import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime, Field

from contract import MetricCard, OperatingPoint
from contract.base import Payload
from training.checkpoint import beside
from training.classes import Classes


class Record(Payload):
    """The record of one training run."""

    created: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    architecture: str
    classes: list[str]
    malignant: list[str]
    """Which of the classes are malignant."""
    data: list[Path]
    """The folders that were read."""
    patient_pattern: str | None
    patients: Path | None = None
    """The CSV file that said whose tissue each image shows."""
    images: str
    """Digest of which images were fitted on, chose the epoch and were tested on."""
    is_begun: bool
    """Whether fitting began with the weights of an earlier run."""
    kept: float = 0.0
    """Share of those weights in the result of the warm start."""
    images_per_epoch: int | None
    epochs: int
    warm_start_epochs: int
    head_epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    precision: str = "float32"
    """What was multiplied in while fitting."""
    temperature: float
    bias: list[float] = Field(default_factory=list)
    """One a class; see `training.evaluation.scaling`."""
    operating_point: OperatingPoint
    test: list[MetricCard]
    """Figures of the full network on each test folder."""

    @property
    def all_classes(self) -> Classes:
        """The classes with their marks."""
        return Classes(tuple(self.classes), tuple(name in self.malignant for name in self.classes))

    def write(self, weights: Path) -> None:
        """Write the record beside the weights, through a temporary file that is then renamed."""
        path = record_of(weights)
        partial = path.with_name(path.name + ".partial")
        partial.write_text(self.model_dump_json(indent=1) + "\n")
        os.replace(partial, path)


def record_of(weights: Path) -> Path:
    """Return where the record of these weights stands."""
    return beside(weights, ".json")


def read_record(weights: Path) -> Record:
    """Read the record beside the weights.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if it is none of ours.
    """
    return Record.model_validate_json(record_of(weights).read_text())
