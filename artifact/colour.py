"""Pictures of any sample type and colour model to 8-bit RGB."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, TiffImageFile

from artifact.profile import to_srgb
from artifact.samples import Grey, Pixels, largest_of, to_eight_bits

FULL_BITS = 16
"""Bits of a sample container that may also hold fewer; TIFFs of fewer bits say so."""


class ColourUnsupported(Exception):
    """The picture cannot be shown as RGB; the message says why."""


def to_rgb(image: Image.Image) -> Pixels:
    """Convert a loaded picture to sRGB, by its colour profile if it has one; transparency is laid on white.

    Raises:
        ColourUnsupported: for CIELAB and for floating-point samples.
    """
    profile = image.info.get("icc_profile")
    if image.mode == "LAB":
        raise ColourUnsupported("its colours are stored as CIELAB")
    if image.mode == "F":
        raise ColourUnsupported("its samples are floating-point numbers, which do not tell their range")
    if image.mode.startswith("I"):
        return np.array(to_srgb(Image.fromarray(_wide_grey(image)), profile))
    if image.has_transparency_data:
        return np.array(_on_white(image, profile))
    if image.mode not in {"L", "RGB", "CMYK"}:
        image = image.convert("L" if image.mode == "1" else "RGB")
    return np.array(to_srgb(image, profile))


def _on_white(image: Image.Image, profile: bytes | None) -> Image.Image:
    straight = {"La": "LA", "RGBa": "RGBA"}.get(image.mode, image.mode)
    layer = image.convert(straight).convert("RGBA")
    page = Image.new("RGB", layer.size, "white")
    page.paste(to_srgb(layer.convert("RGB"), profile), mask=layer.getchannel("A"))
    return page


def _wide_grey(image: Image.Image) -> Grey:
    """Bring 16-bit and 32-bit grey to eight bits, turned round where a TIFF counts zero as white."""
    values: NDArray[np.generic] = np.asarray(image)
    low = min(0, int(values.min()))
    grey = to_eight_bits(values, low, _white_of(image, values))
    if isinstance(image, TiffImageFile) and image.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == 0:
        grey = 255 - grey
    return grey


def _white_of(image: Image.Image, values: NDArray[np.generic]) -> int:
    """Return the largest value that the bits of a TIFF's samples allow, or else that the samples suggest."""
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    bits = int(tags.get(BITSPERSAMPLE, (FULL_BITS,))[0])
    return 2**bits - 1 if bits < FULL_BITS else largest_of(values)
