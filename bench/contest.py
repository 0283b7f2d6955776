"""What two ways of fitting are compared on."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torchvision.datasets import ImageFolder

from training.data import SPLITS
from training.networks import Network, PlantNetV2, PooledPlantNetV2


class Contest(NamedTuple):
    """A network, and the edge of the views that both sides fit it on."""

    title: str
    build: Callable[[], Network]
    edge: int


CONTESTS = (
    Contest("PlantNetV2, whole inputs of 224 px", PlantNetV2, 224),
    Contest("PlantNetV2 behind global pooling (warm start), views of 112 px", PooledPlantNetV2, 112),
)


class Setting(NamedTuple):
    """What is the same for both sides, and how long they are watched."""

    images: int
    """Images of an epoch."""
    rounds: int
    """Epochs after the first one."""
    batch_size: int
    device: torch.device


class Images(NamedTuple):
    """Images that both sides fit on."""

    root: Path
    """Folder of class folders."""
    rows: list[int]
    """Which of them, counted as `ImageFolder` does."""

    @property
    def data_set(self) -> str:
        """The name of the data set."""
        return self.root.parent.name


def choose(folder: Path, count: int) -> Images:
    """Return that many of a folder's training images, or all there are; always the same ones."""
    root = folder / SPLITS[0]
    order = torch.randperm(len(ImageFolder(str(root))), generator=torch.Generator().manual_seed(0))
    return Images(root, [int(row) for row in order[:count]])
