"""How pictures look without a network: training images, changed ones, and rendered ones that are foreign."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from artifact.appearance import TRAITS, Appearance
from artifact.preprocess import make_tile, mirror, normalise
from training.augment import augment
from training.data import Sample, Tiles, rows_by_data_set
from training.foreign import KINDS, render

VIEWS = 800
"""How many training images are looked at, at most: as they are, as a random view, and made strange."""
CHECKED = 200
"""How many validation images of a data set are looked at as a random view, at most."""
FOREIGN = 100 * len(KINDS)
"""How many foreign pictures are rendered, at most, and the tenth part of it at least."""
EDGES = (224, 50)
"""Their sizes in pixels: a field, and a patch that is mirrored side by side."""
BATCH = 8
UNCHANGED = 8
"""Mean grey values by which a strange picture must differ from what it was made of."""


class Looks(NamedTuple):
    """Traits, as `artifact.appearance` measures them."""

    own: Tensor
    """Of training images, and of random views of them (N, TRAITS)."""
    foreign: Tensor
    """Of what is none (M, TRAITS)."""


def measure(tiles: Sequence[Tensor]) -> Tensor:
    """Return the traits (N, TRAITS) of tiles (3, E, E) of any sizes."""
    appearance = Appearance()
    traits = [torch.zeros(0, TRAITS)]
    for start in range(0, len(tiles), BATCH):
        batch = torch.stack([mirror(tile) for tile in tiles[start : start + BATCH]])
        traits.append(appearance(normalise(batch.float())).traits)
    return torch.cat(traits)


def look(tiles: Sequence[Tensor], seed: int) -> Looks:
    """Measure training images (3, E, E), random views of them, and the same with colours that no stain has.

    `seed` is the first image's own; the others follow.
    """
    generators = [Generator().manual_seed(seed + index) for index in range(len(tiles))]
    views = [augment(tile, tile.shape[-1], own) for tile, own in zip(tiles, generators, strict=True)]
    strange = [estrange(tile, own) for tile, own in zip(tiles, generators, strict=True)]
    return Looks(measure([*tiles, *views]), measure(strange))


def add_rendered(looks: Sequence[Looks], enlargement: int) -> Looks:
    """Return several looks as one, with rendered pictures among what is foreign."""
    own, foreign = (torch.cat(parts) for parts in zip(*looks, strict=True))
    count = min(FOREIGN, max(FOREIGN // 10, len(own)))
    pictures = (torch.from_numpy(render(seed, EDGES[seed % len(EDGES)])) for seed in range(count))
    rendered = measure([make_tile(picture, enlargement=enlargement) for picture in pictures])
    return Looks(own, torch.cat([foreign, rendered]))


def look_again(samples: Sequence[Sample], enlargement: int) -> tuple[Tensor, list[str]]:
    """Return traits of random views of some samples of each data set, and which data set each belongs to."""
    drawn = []
    for rows in rows_by_data_set(samples).values():
        order = torch.randperm(len(rows), generator=Generator().manual_seed(0))[:CHECKED]
        drawn += [samples[rows[index]] for index in order.tolist()]
    read = Tiles(drawn, enlargement)
    views = []
    for index in range(len(drawn)):
        tile = read[index][0]
        views.append(augment(tile, tile.shape[-1], Generator().manual_seed(index)))
    return measure(views), [sample.data_set for sample in drawn]


def estrange(tile: Tensor, generator: Generator) -> Tensor:
    """Return a uint8 tile (3, E, E) inverted, without colour, in turned hues, or with channels exchanged."""
    pixels, kind = tile.float(), int(torch.randint(5, (1,), generator=generator))
    if kind == 0:
        changed = pixels.mean(0, keepdim=True).expand_as(pixels)
    elif kind == 1:
        changed = pixels[torch.randperm(3, generator=generator)]
    elif kind == 2:  # noqa: PLR2004 - one of the kinds
        changed = 255 - pixels
    else:
        changed = _turn_hues(pixels, 0.2 + 0.6 * torch.rand(1, generator=generator).item())
    strange = changed.clamp(0, 255).round().to(torch.uint8)
    is_same = (strange.float() - pixels).abs().mean() < UNCHANGED
    return 255 - tile if is_same else strange


def _turn_hues(pixels: Tensor, share: float) -> Tensor:
    """Turn colours (3, E, E) around the axis of greys by a share of the circle (Rodrigues' formula)."""
    angle = torch.tensor(2 * torch.pi * share)
    grey = torch.full((3, 3), 1 / 3)
    across = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / 3**0.5
    turned = grey + angle.cos() * (torch.eye(3) - grey) + angle.sin() * across
    return (turned @ pixels.flatten(1)).view_as(pixels)
