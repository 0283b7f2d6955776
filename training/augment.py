"""Random changes that leave the label as it is: turns, mirror images, crops, stain and light."""

import torch
from torch import Tensor

STAINS = torch.tensor([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])
"""Optical densities of haematoxylin, eosin and a rest (Ruifrok & Johnston 2001, PMID 11531144), one a row."""
STAIN_SPREAD = 0.15
"""Half width of the factor on each stain's strength; laboratories differ by more than days in one do."""
LIGHT_SPREAD = 0.08
"""Half width of the factor on brightness."""


def turn(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Turn each image (N, 3, E, E) by a random quarter and mirror it or not."""
    ways = torch.randint(8, (batch.shape[0],), generator=generator).tolist()
    images = [image.flip(-1) if way > 3 else image for image, way in zip(batch, ways, strict=True)]  # noqa: PLR2004 - the upper four of eight ways are mirrored
    return torch.stack(
        [torch.rot90(image, way % 4, (-2, -1)) for image, way in zip(images, ways, strict=True)]
    )


def jitter_stain(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Vary the strength of each stain, and the light, of float images (N, 3, E, E) in 0..255."""
    count = pixels.shape[0]
    factors = 1 + STAIN_SPREAD * (2 * torch.rand(count, 3, generator=generator) - 1)
    mix = torch.linalg.inv(STAINS) @ torch.diag_embed(factors) @ STAINS
    density = -torch.log((pixels + 1) / 256)
    density = torch.einsum("nchw,ncd->ndhw", density, mix.to(pixels))
    light = 1 + LIGHT_SPREAD * (2 * torch.rand(count, 1, 1, 1, generator=generator) - 1)
    return (torch.exp(-density) * 256 * light.to(pixels) - 1).clamp(0, 255)


def crop(tile: Tensor, edge: int, generator: torch.Generator) -> Tensor:
    """Cut a random square of `edge` pixels out of a tile (3, E, E), or return a tile that is no larger."""
    room = tile.shape[-1] - edge
    if room <= 0:
        return tile
    top, left = torch.randint(room + 1, (2,), generator=generator).tolist()
    return tile[:, top : top + edge, left : left + edge]


def augment(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Apply every change to a uint8 batch (N, 3, E, E); float in 0..255 comes back."""
    return jitter_stain(turn(batch, generator).float(), generator)
