"""Images that show one picture: copies that were saved again, resized, brightened, mirrored or turned.

As in a perceptual hash (pHash; Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash
Functions"), a picture is known by the low frequencies of its cosine transform; here they are kept as numbers
rather than as one bit each, since patches of tissue are more alike than photographs. Frequencies along one
axis only are left out: the straight edges of slides live there, and those are equal across patients.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from math import pi

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

FREQUENCIES = 15
"""Of each axis, from one half wave on."""
ALIKE = 0.85
"""Correlation of two fingerprints from which on they are of one picture.

On 7,323 real images no two of different patients reach 0.61, and copies at JPEG quality 85, 0.5 to 2.3 times
the size, 8 % brighter, mirrored, turned, or all of that stay above 0.87.
"""
FAINT = 3.0
"""Standard deviation in grey levels below which a sixteenth of a picture, or what is left of it, is blank."""
FILLED = 8
"""Sixteenths that must not be blank; else a speck on bare glass would look like any other."""
SMALLEST = FREQUENCIES + 1
"""Pixels of the shorter side below which a picture is too small for it."""
BLOCK = 2048
"""Rows and columns that are compared at once: 16 MB."""
MOST = 10_000
"""Pairs after which a search ends: a folder with so many is not looked through pair by pair."""


def fingerprint(pixels: Tensor) -> Tensor | None:
    """Return the weighed low frequencies (225) float16 of unit length of a picture uint8 (H, W, 3).

    None if it is too small or too blank to be recognised: bare glass looks alike in every patient.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < SMALLEST:
        return None
    grey = pixels.sum(2, dtype=torch.float32) / 3
    waves = _waves(height) @ grey @ _waves(width).T
    if _count_filled(grey) < FILLED or waves.norm() < FAINT:
        return None
    weighed = (waves * _weights()).flatten()
    unit: Tensor = weighed / weighed.norm()
    return unit.half()


def _count_filled(grey: Tensor) -> int:
    """Return how many sixteenths of a picture (H, W) show anything."""
    means, squares = adaptive_avg_pool2d(torch.stack([grey, grey.square()]), 4)
    return int((squares - means.square() >= FAINT**2).sum())


@lru_cache(maxsize=64)
def _waves(length: int) -> Tensor:
    """Return cosines (15, length) whose products with a line are its amplitudes, whatever its length."""
    places = (torch.arange(length) + 0.5) / length
    frequencies = torch.arange(1, FREQUENCIES + 1)[:, None]
    return torch.cos(pi * frequencies * places) * 2**0.5 / length


def _weights() -> Tensor:
    """Return the frequency (15, 15), by which amplitudes of natural pictures fall."""
    frequencies = torch.arange(1.0, FREQUENCIES + 1)
    return torch.hypot(frequencies[:, None], frequencies)


def find_copies(left: Tensor, right: Tensor | None = None, most: int = MOST) -> list[tuple[int, int]]:
    """Return what `search_copies` yields, `most` pairs at most."""
    return list(islice(search_copies(left, right), most))


def search_copies(left: Tensor, right: Tensor | None = None) -> Iterator[tuple[int, int]]:
    """Yield the pairs of rows (of `left`, of `right`) whose fingerprints are of one picture.

    Without `right`, pairs within `left`. Every pair is compared, in blocks: n images take n * n / 2 times 225
    multiplications, about a minute for 100,000 on one core.
    """
    others = left if right is None else right
    for top in range(0, len(left), BLOCK):
        rows = left[top : top + BLOCK].float()
        for start in range(top if right is None else 0, len(others), BLOCK):
            columns = others[start : start + BLOCK].float()
            for row, column in _compare(rows, columns):
                if right is not None or top + row < start + column:
                    yield top + row, start + column


def _compare(rows: Tensor, columns: Tensor) -> Iterator[tuple[int, int]]:
    """Yield the pairs in a block whose fingerprints agree in one of the eight turns and mirrorings.

    First all pairs by what no turn changes. That is no further apart than the fingerprints themselves are,
    so it loses none.
    """
    candidates = (_steady(rows) @ _steady(columns).T >= ALIKE).nonzero()
    for some in torch.split(candidates, BLOCK):
        one, other = rows[some[:, 0]], columns[some[:, 1]]
        agreement = torch.stack([(one * turned).sum(1) for turned in _turn(other)]).amax(0)
        for pair in some[agreement >= ALIKE].tolist():
            yield pair[0], pair[1]


def _steady(prints: Tensor) -> Tensor:
    """Return the magnitudes (N, 225), ordered between an amplitude and its transpose.

    A mirroring changes signs of amplitudes, a quarter turn also swaps the axes.
    """
    grid = prints.reshape(-1, FREQUENCIES, FREQUENCIES).abs()
    swapped = grid.transpose(1, 2)
    return (torch.maximum(grid, swapped).triu() + torch.minimum(grid, swapped).tril(-1)).flatten(1)


def _turn(prints: Tensor) -> Iterator[Tensor]:
    """Yield the fingerprints (N, 225) of the pictures in each of the eight positions."""
    signs = 1 - 2 * (torch.arange(1, FREQUENCIES + 1) % 2)
    grid = prints.reshape(-1, FREQUENCIES, FREQUENCIES)
    for axes in (grid, grid.transpose(1, 2)):
        for rows in (torch.ones_like(signs), signs):
            for columns in (torch.ones_like(signs), signs):
                yield (axes * rows[:, None] * columns).flatten(1)
