"""What a training run is asked to do."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from artifact.preprocess import INPUT_EDGE
from training.checkpoint import Again, beside
from training.classes import BINARY, Classes
from training.data import Sample
from training.precision import Precision


class PlanEmpty(Exception):
    """A plan fits nothing, or asks for what its network does not have; the message says what to change."""


@dataclass(frozen=True)
class Plan:
    """How to fit; the defaults are those of PlantNetV2's specification."""

    architecture: str = "plantnetv2"
    epochs: int = 30
    batch_size: int = 32
    """Images of one step, on however many processes they are computed."""
    learning_rate: float = 0.001
    warm_start_epochs: int = 0
    """Epochs on small views before the whole input; PlantNetV2 has global average pooling meanwhile."""
    head_epochs: int = 0
    """Pretrained networks: epochs of the last layer alone, before the whole network."""
    weights: Path | None = None
    """Weights to begin with: of an earlier run or, for a pretrained network, ImageNet's from a file."""
    kept: float = 0.0
    """Share (0..1) of those weights in what a warm start leaves."""
    images_per_epoch: int | None = None
    """How many images are drawn for an epoch; as many as there are by default."""
    patience: int = 10
    """Epochs without a better validation AUC after which a stage ends; 0 runs them all."""
    seed: int = 0
    precision: Precision = "auto"
    """Mixed precision where the device is made for it, or float32 everywhere."""

    def __post_init__(self) -> None:
        """Refuse a plan that fits nothing, or not this network.

        Raises:
            PlanEmpty: saying what to change.
        """
        if self.is_plantnet and self.head_epochs:
            raise PlanEmpty(
                "--head-epochs is for pretrained networks. For PlantNetV2 say --warm-start-epochs."
            )
        if self.kept and not (self.weights and self.warm_start_epochs):
            raise PlanEmpty(
                "--keep is for a warm start that begins with weights. Say --weights and "
                "--warm-start-epochs too, or leave it out."
            )
        if self.epochs == 0 and not (self.is_inflated or self.head_epochs or self.warm_start_epochs):
            stage = "--warm-start-epochs or --weights" if self.is_plantnet else "--head-epochs"
            raise PlanEmpty(f"--epochs 0 leaves nothing to do. Say {stage} too.")

    def describe(self) -> dict[str, str]:
        """Return the plan in words, by which a checkpoint knows whether it belongs to it."""
        return {name: str(value) for name, value in asdict(self).items()}

    @property
    def is_plantnet(self) -> bool:
        """Whether the network is the specified one."""
        return self.architecture == "plantnetv2"

    @property
    def is_inflated(self) -> bool:
        """Whether the full PlantNetV2 starts as the pooled one spread over its grid."""
        return self.is_plantnet and bool(self.warm_start_epochs or self.weights)


class Samples(NamedTuple):
    """What is fitted on, and what chooses the epoch."""

    train: Sequence[Sample]
    validation: Sequence[Sample]
    classes: Classes = BINARY


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
    """One of the ways in which a network is fitted, one after the other."""

    name: str
    epochs: int
    learning_rate: float
    edge: int = INPUT_EDGE
    """Edge of the random views to fit on; a smaller tile is seen whole."""
    is_pooled: bool = True
    """Whether the network reads inputs of any size; otherwise tiles are mirrored to the whole input."""
    is_head_only: bool = False
    kept: float = 0.0
    """Share of the weights that it began with in those that it leaves."""
    is_begun: bool = False
    """Whether the network was fitted before: then it competes with what this stage makes of it."""
