"""Random changes that leave the label as it is: turns, mirror images, crops, stain and light."""

import torch
from torch import Tensor
from torch.nn import functional

STAINS = torch.tensor([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])
"""Optical densities of haematoxylin, eosin and a rest (Ruifrok & Johnston 2001, PMID 11531144), one a row."""
STAIN_SPREAD = 0.3
"""Half width of the factor on each stain's strength: strong, as laboratories differ (Tellez et al. 2019)."""
STAIN_SHIFT = 0.08
"""Half width of what is added to each stain's density."""
LIGHT_SPREAD = 0.1
"""Half width of the factor on brightness."""
ZOOM = 1.3
"""Largest factor by which a crop is enlarged or shrunk."""


def turn(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Turn each image (N, 3, E, E) by a random quarter and mirror it or not."""
    ways = torch.randint(8, (batch.shape[0],), generator=generator).tolist()
    images = [image.flip(-1) if way > 3 else image for image, way in zip(batch, ways, strict=True)]  # noqa: PLR2004 - the upper four of eight ways are mirrored
    return torch.stack(
        [torch.rot90(image, way % 4, (-2, -1)) for image, way in zip(images, ways, strict=True)]
    )


def jitter_stain(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Vary the strength of each stain, and the light, of float images (N, 3, E, E) in 0..255."""
    factors = 1 + STAIN_SPREAD * _draw(generator, len(pixels), 3)
    mix = torch.linalg.inv(STAINS) @ torch.diag_embed(factors) @ STAINS
    shift = STAIN_SHIFT * _draw(generator, len(pixels), 3) @ STAINS
    density = torch.einsum("nchw,ncd->ndhw", -torch.log((pixels + 1) / 256), mix) + shift[:, :, None, None]
    light = 1 + LIGHT_SPREAD * _draw(generator, len(pixels), 1, 1, 1)
    return (torch.exp(-density) * 256 * light - 1).clamp(0, 255)


def _draw(generator: torch.Generator, *shape: int) -> Tensor:
    """Draw evenly from -1..1."""
    return 2 * torch.rand(*shape, generator=generator) - 1


def crop(tile: Tensor, edge: int) -> Tensor:
    """Cut a random square out of a tile (3, E, E), at a random zoom, and bring it to `edge` pixels.

    A tile that is no larger than `edge` is returned as it is. Draws from torch's own generator, which every
    worker of a loader has for itself.
    """
    whole = tile.shape[-1]
    if whole <= edge:
        return tile
    side = min(whole, round(edge * ZOOM ** (2 * torch.rand(1).item() - 1)))
    top, left = torch.randint(whole - side + 1, (2,)).tolist()
    piece = tile[None, :, top : top + side, left : left + side]
    return functional.interpolate(piece, size=[edge, edge], mode="bilinear", antialias=True)[0]


def augment(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Apply every change to a uint8 batch (N, 3, E, E); float in 0..255 comes back."""
    return jitter_stain(turn(batch, generator).float(), generator)
