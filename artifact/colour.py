"""Pictures of any sample type and colour model to 8-bit RGB."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, TiffImageFile

Pixels = NDArray[np.uint8]
"""Shape (height, width, 3), RGB."""

USUAL_RANGES = (1.0, 255.0, 65535.0)
"""Largest values of samples whose type (float or 32-bit integer) does not tell their range."""
LARGEST_RANGE = 1e30
"""Beyond it float32 overflows on the way; no measurement reaches it."""


class ColourUnsupported(Exception):
    """The picture cannot be shown as RGB; the message says why."""


def to_rgb(image: Image.Image) -> Pixels:
    """Convert a loaded picture; transparency is laid on white, colour profiles are not applied.

    Raises:
        ColourUnsupported: for CIELAB, and for samples that are infinite or no numbers.
    """
    if image.mode == "LAB":
        raise ColourUnsupported("its colours are stored as CIELAB")
    if image.mode.startswith("I;16"):
        return _from_grey(image, _upper_byte(np.asarray(image), _bits(image)))
    if image.mode in {"I", "F"}:
        return _from_grey(image, _scale(np.asarray(image, dtype=np.float32)))
    if image.has_transparency_data:
        image = _on_white(image)
    return np.array(image.convert("RGB"))


def _on_white(image: Image.Image) -> Image.Image:
    straight = {"La": "LA", "RGBa": "RGBA"}.get(image.mode, image.mode)
    layer = image.convert(straight).convert("RGBA")
    page = Image.new("RGB", layer.size, "white")
    page.paste(layer, mask=layer.getchannel("A"))
    return page


def _bits(image: Image.Image) -> int:
    """Return how many bits of a 16-bit grey sample are in use; a TIFF may have 12."""
    return int(image.tag_v2.get(BITSPERSAMPLE, (16,))[0]) if isinstance(image, TiffImageFile) else 16


def _upper_byte(values: NDArray[np.uint16], bits: int) -> NDArray[np.uint8]:
    """Keep the upper eight bits, as Pillow does with the channels of 16-bit RGB."""
    return (values >> (bits - 8)).astype(np.uint8)


def _scale(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Scale samples from the smallest usual range that holds them, else from their own."""
    low, high = min(0.0, float(values.min())), float(values.max())
    if not high - low < LARGEST_RANGE:
        raise ColourUnsupported("it has samples that are infinite or no numbers")
    high = next((usual for usual in USUAL_RANGES if high <= usual), high)
    scaled = values - np.float32(low)
    scaled *= np.float32(255 / (high - low))
    np.rint(scaled, out=scaled)
    return scaled.astype(np.uint8)


def _from_grey(image: Image.Image, grey: NDArray[np.uint8]) -> Pixels:
    """Give the three channels the same grey, turned round where a TIFF counts zero as white."""
    if isinstance(image, TiffImageFile) and image.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == 0:
        grey = 255 - grey
    return np.repeat(grey[:, :, None], 3, axis=2)
