"""What a training run is asked to do."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from artifact.preprocess import mirror
from training.checkpoint import Again, beside
from training.data import Sample
from training.scoring import Prepare


class PlanEmpty(Exception):
    """A plan fits nothing; the message says what to add."""


@dataclass(frozen=True)
class Plan:
    """How to fit; the defaults are those of the network's specification."""

    epochs: int = 30
    batch_size: int = 32
    learning_rate: float = 0.001
    warm_start_epochs: int = 0
    """Epochs on small crops, with global average pooling, before the full network."""
    start_from: Path | None = None
    """Weights of an earlier warm start to begin with."""
    images_per_epoch: int | None = None
    """How many images are drawn for an epoch; as many as there are by default."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a plan that fits nothing.

        Raises:
            PlanEmpty: if there is neither an epoch nor anything to inflate.
        """
        if self.epochs == 0 and not self.is_inflated:
            raise PlanEmpty("--epochs 0 leaves nothing to do. Say --warm-start-epochs or --start-from too.")

    def describe(self) -> dict[str, str]:
        """Return the plan in words, by which a checkpoint knows whether it belongs to it."""
        return {name: str(value) for name, value in asdict(self).items()}

    @property
    def is_inflated(self) -> bool:
        """Whether the full network starts as the pooled one spread over its grid."""
        return bool(self.warm_start_epochs or self.start_from)


class Samples(NamedTuple):
    """What is fitted on, and what chooses the epoch."""

    train: Sequence[Sample]
    validation: Sequence[Sample]


class Goal(NamedTuple):
    """Where a run leaves its weights, what its checkpoint is known by, and what to do with an old one."""

    out: Path
    plan: dict[str, str]
    again: Again | None = None

    @property
    def warm_out(self) -> Path:
        """Where the weights of the warm start go, in half precision."""
        return beside(self.out, ".warm.pth")


class Stage(NamedTuple):
    """One of the two ways in which the network is fitted."""

    name: str
    epochs: int
    learning_rate: float
    edge: int | None
    """Edge of the random crops to fit on; None for the whole mirrored input."""

    @property
    def prepare(self) -> Prepare:
        """From a whole tile to the network's input when scoring: the pooled network reads any size."""
        return mirror if self.edge is None else _whole


def _whole(tile: Tensor) -> Tensor:
    return tile
