"""Random changes that leave the label as it is: place and scale, turns, stain, light, blur, compression.

Every draw comes from a generator that is the image's own in its epoch, so that batches, worker processes
and several machines change nothing.
"""

import io
from importlib import import_module
from types import ModuleType

import torch
from PIL import Image
from torch import Generator, Tensor
from torch.nn import functional

from artifact.preprocess import INPUT_EDGE, mirror

STAINS = torch.tensor([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])
"""Optical densities of haematoxylin, eosin and a rest (Ruifrok & Johnston 2001, PMID 11531144), one a row."""
UNMIXING = torch.linalg.inv(STAINS)
STAIN_SPREAD = 0.3
"""Half width of the factor on each stain's strength: strong, as laboratories differ (Tellez et al. 2019)."""
STAIN_SHIFT = 0.08
"""Half width of what is added to each stain's density."""
LIGHT_SPREAD = 0.1
"""Half width of the factor on brightness."""
ZOOM = 2.0
"""Largest factor by which a whole field is enlarged or shrunk: from one magnification to the next."""
PATCH_ZOOM = 1.25
"""The same for patches, which are cut at one scale and lose their cells when shrunk further."""
BLUR_CHANCE = 0.2
BLUR_SIGMA = 1.0
"""Largest standard deviation of the blur, in pixels."""
JPEG_CHANCE = 0.3
JPEG_QUALITY = (50, 95)


def augment(tile: Tensor, edge: int, generator: Generator) -> Tensor:
    """Return a random view, uint8 (3, S, S), of a uint8 tile (3, E, E); S is the smaller of E and `edge`."""
    view = turn(look(tile, min(edge, tile.shape[-1]), generator), generator)
    return compress(blur(jitter_stain(view, generator), generator), generator)


def _draw(generator: Generator, *shape: int) -> Tensor:
    """Draw evenly from -1..1."""
    return 2 * torch.rand(*shape, generator=generator) - 1


def _happens(chance: float, generator: Generator) -> bool:
    return torch.rand(1, generator=generator).item() < chance


def look(tile: Tensor, edge: int, generator: Generator) -> Tensor:
    """Return `edge` pixels of a tile (3, E, E) at a random place and scale.

    A patch is seen as the network will meet it: side by side with its mirror images, seams and all.
    """
    is_field = tile.shape[-1] == INPUT_EDGE
    tile = mirror(tile)
    whole = tile.shape[-1]
    zoom = (ZOOM if is_field else PATCH_ZOOM) ** _draw(generator, 1).item()
    side = round(edge / zoom)
    if side > whole:
        small = round(whole * zoom)
        return mirror(_resize(tile, small), edge)
    top, left = torch.randint(whole - side + 1, (2,), generator=generator).tolist()
    return _resize(tile[:, top : top + side, left : left + side], edge)


def _resize(tile: Tensor, edge: int) -> Tensor:
    if tile.shape[-1] == edge:
        return tile
    return functional.interpolate(tile[None], size=[edge, edge], mode="bilinear", antialias=True)[0]


def turn(tile: Tensor, generator: Generator) -> Tensor:
    """Turn a tile (3, E, E) by a random quarter and mirror it or not."""
    way = int(torch.randint(8, (1,), generator=generator))
    return torch.rot90(tile.flip(-1) if way > 3 else tile, way % 4, (-2, -1))  # noqa: PLR2004 - the upper four of eight ways are mirrored


def jitter_stain(tile: Tensor, generator: Generator) -> Tensor:
    """Vary the strength of each stain, and the light, of a uint8 tile (3, E, E)."""
    mix = UNMIXING @ torch.diag(1 + STAIN_SPREAD * _draw(generator, 3)) @ STAINS
    shift = STAIN_SHIFT * _draw(generator, 3) @ STAINS
    light = 1 + LIGHT_SPREAD * _draw(generator, 1)
    density = mix.T @ -torch.log((tile.float() + 1) / 256).flatten(1) + shift[:, None]
    pixels = torch.exp(-density) * (256 * light) - 1
    return pixels.clamp(0, 255).round().to(torch.uint8).view(tile.shape)


def blur(tile: Tensor, generator: Generator) -> Tensor:
    """Put a tile slightly out of focus, or not."""
    if not _happens(BLUR_CHANCE, generator):
        return tile
    sigma = 0.1 + (BLUR_SIGMA - 0.1) * torch.rand(1, generator=generator).item()
    blurred: Tensor = _torchvision().gaussian_blur(tile, [5, 5], [sigma, sigma])
    return blurred


def compress(tile: Tensor, generator: Generator) -> Tensor:
    """Send a tile (3, E, E) through JPEG, or not."""
    if not _happens(JPEG_CHANCE, generator):
        return tile
    low, high = JPEG_QUALITY
    stream = io.BytesIO()
    quality = int(torch.randint(low, high + 1, (1,), generator=generator))
    transforms = _torchvision()
    transforms.to_pil_image(tile).save(stream, "jpeg", quality=quality)
    read: Tensor = transforms.pil_to_tensor(Image.open(stream))
    return read


def _torchvision() -> ModuleType:
    """Return what draws views; the starter model is provided where torchvision does not fit torch, too."""
    return import_module("torchvision.transforms.v2.functional")
