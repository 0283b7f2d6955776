"""Batches of random views for fitting: which images are drawn for an epoch, and how each is seen."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from artifact.preprocess import INPUT_EDGE, mirror
from training import team
from training.augment import augment
from training.data import Sample, Tiles, draw_weights
from training.plan import Stage

WORKERS = 4
"""Processes that read images while a GPU computes. A CPU has no time to spare for them."""

Key = tuple[int, int]
"""Row of a sample, and the seed of its view."""
Batch = tuple[list[Tensor], Tensor]
"""Views (3, E, E) of one or several sizes, uint8, and labels."""


class Views(Dataset[tuple[Tensor, int]]):
    """A random view of a sample, the same for the same key wherever it is made."""

    def __init__(self, tiles: Tiles, stage: Stage, least_edge: int) -> None:
        self._tiles = tiles
        self._stage = stage
        self._least_edge = least_edge

    def __getitem__(self, key: Key) -> tuple[Tensor, int]:
        """Return the view (3, E, E) and the label."""
        row, seed = key
        tile, label = self._tiles[row]
        view = augment(tile, self._stage.edge, Generator().manual_seed(seed))
        edge = max(self._least_edge, view.shape[-1]) if self._stage.is_pooled else INPUT_EDGE
        return mirror(view, edge), label


class Draw(Sampler[list[Key]]):
    """The batches of one epoch: classes evenly, data sets by the square root of their size.

    Several processes draw the same batches, and each takes its share of every one.
    """

    def __init__(self, samples: Sequence[Sample], count: int, batch_size: int, seed: int) -> None:
        self._weights = draw_weights(samples)
        self._count, self._batch_size, self._seed = count - count % team.size(), batch_size, seed

    def __len__(self) -> int:
        """Return the number of batches."""
        return math.ceil(self._count / self._batch_size)

    def __iter__(self) -> Iterator[list[Key]]:
        """Yield this process's keys of each batch."""
        generator = Generator().manual_seed(self._seed)
        rows = torch.multinomial(self._weights, self._count, replacement=True, generator=generator)
        seeds = torch.randint(2**62, (self._count,), generator=generator)
        keys = list(zip(rows.tolist(), seeds.tolist(), strict=True))
        for start in range(0, self._count, self._batch_size):
            yield keys[start : start + self._batch_size][team.rank() :: team.size()]


def gather(items: list[tuple[Tensor, int]]) -> Batch:
    """Return views and labels of a batch."""
    return [view for view, _ in items], torch.tensor([label for _, label in items])


@dataclass(frozen=True)
class Loading:
    """How the batches of an epoch come about."""

    tiles: Tiles
    batch_size: int
    images_per_epoch: int | None
    workers: int
    least_edge: int
    """Smaller views are mirrored to it."""

    def load(self, stage: Stage, seed: int) -> "DataLoader[Batch]":
        """Return the batches of one epoch."""
        samples = self.tiles.samples
        draw = Draw(samples, self.images_per_epoch or len(samples), self.batch_size, seed)
        return DataLoader(
            Views(self.tiles, stage, self.least_edge),  # type: ignore[arg-type]  # the sampler's keys, not row numbers
            batch_sampler=draw,
            collate_fn=gather,
            num_workers=self.workers,
            pin_memory=self.workers > 0,
        )
