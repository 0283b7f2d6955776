"""Labelled images: what is known of each, how they are read, how often each is drawn."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from artifact.image import ImageError, decode
from artifact.preprocess import make_tile

SPLITS = ("train_dataset", "test_dataset")
SUFFIXES = frozenset({".bmp", ".dcm", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
MAX_PIXELS = 100_000_000


class DataProblem(Exception):
    """The image folders cannot be trained on; the message says what to change."""


class Sample(NamedTuple):
    """One labelled image, and whose tissue it shows."""

    path: Path
    label: int
    """Index into the class names."""
    patient: str
    data_set: str


class Split(NamedTuple):
    """Samples for fitting, for choosing, and for the one final test."""

    train: list[Sample]
    validation: list[Sample]
    test: list[Sample]


def join(splits: Iterable[Split]) -> Split:
    """Return the samples of several data sets as one split."""
    parts = zip(*splits, strict=True)
    return Split(*([sample for samples in part for sample in samples] for part in parts))


def digest(splits: Sequence[Split]) -> str:
    """Return a digest of which images, labels and patients stand in which part; the pixels are not read."""
    parts = zip(Split._fields, join(splits), strict=True)
    rows = sorted(f"{part}/{s.data_set}/{s.label}/{s.path.name}" for part, samples in parts for s in samples)
    return hashlib.sha256("\n".join(rows).encode("utf-8", "surrogateescape")).hexdigest()


def read_pixels(path: Path) -> Tensor:
    """Decode an image file as the inference service does: uint8 (H, W, 3).

    Raises:
        DataProblem: if it cannot be read, naming it.
    """
    try:
        return torch.from_numpy(decode(path.read_bytes(), max_pixels=MAX_PIXELS).pixels)
    except (ImageError, OSError) as error:
        raise DataProblem(f"{path} cannot be read: {error}") from error


class Tiles(Dataset[tuple[Tensor, int]]):
    """The samples as tiles (3, E, E) uint8 with their labels; E depends on the image's size.

    Args:
        samples: What to read.
        enlargement: As for `make_tile`.
        keep: Bytes of tiles to keep in memory, so that an image is decoded once, not once an epoch.
    """

    def __init__(self, samples: Sequence[Sample], enlargement: int = 1, keep: int = 0) -> None:
        self.samples = samples
        self._enlargement = enlargement
        self._free = keep
        self._kept: dict[int, Tensor] = {}

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """Return the tile and the label of one sample."""
        sample = self.samples[index]
        tile = self._kept.get(index)
        if tile is None:
            tile = make_tile(read_pixels(sample.path), enlargement=self._enlargement)
            if tile.nbytes <= self._free:
                self._kept[index], self._free = tile, self._free - tile.nbytes
        return tile, sample.label


def draw_weights(samples: Sequence[Sample]) -> Tensor:
    """Weigh each sample so that classes are drawn evenly, and data sets by the square root of their size.

    Without it the largest set would decide alone, and each set's share of malignant images would be learnt
    as if it were a property of the tissue.
    """
    sets = Counter(sample.data_set for sample in samples)
    cells = Counter((sample.data_set, sample.label) for sample in samples)
    return torch.tensor([sets[s.data_set] ** 0.5 / cells[s.data_set, s.label] for s in samples])


def rows_by_data_set(samples: Iterable[Sample]) -> dict[str, list[int]]:
    """Return the positions of each data set's samples, in the order in which the sets first appear."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, sample in enumerate(samples):
        rows[sample.data_set].append(row)
    return dict(rows)
