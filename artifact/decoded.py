"""What decoding gives: an upright picture, or one of a few errors that say what to send instead."""

from dataclasses import dataclass
from typing import Literal

from artifact.samples import Pixels


class ImageError(Exception):
    """The file cannot be used as an image; the message says what to do about it."""


class ImageEmpty(ImageError):
    """The file has no bytes."""


class ImageUnreadable(ImageError):
    """The file is no image of a supported kind."""


class ImageTruncated(ImageError):
    """The file begins like an image but is cut off or damaged."""


class ImageTooLarge(ImageError):
    """The image has more pixels than are accepted."""


class ImageUnsuitable(ImageError):
    """The file is sound, but what it holds is not one picture."""


MODALITIES = frozenset(
    {"CR", "CT", "DX", "ES", "GM", "IVUS", "MG", "MR", "NM", "OCT", "OT", "PT", "RF", "SM", "US", "XA", "XC"}
)
"""Codes of modalities that are passed on; PS3.3 section C.7.3.1.1.1, those that make pictures."""


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """An upright picture and what kind of file it came in."""

    pixels: Pixels
    """Shape (height, width, 3), RGB."""
    format: str
    """`JPEG`, `PNG`, `TIFF`, `BMP`, `WEBP` or `DICOM`."""
    several: bool
    """Whether the file holds more pictures than this first one."""
    modality: str | None = None
    """The DICOM code of what took the picture (`MG`, `US`, `SM`), if it is one of `MODALITIES`."""
    presentation: Literal["for_presentation", "for_processing"] | None = None
    """Whether a DICOM picture is meant for the eye or is raw material for software, if told."""

    @property
    def width(self) -> int:
        """Columns of the upright picture."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows of the upright picture."""
        return int(self.pixels.shape[0])


MAX_SIDE = 1_000_000
"""Largest width or height in pixels; what the contract can express."""


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Refuse pictures that are too large, by what their header says.

    Raises:
        ImageTooLarge: for more than `max_pixels` pixels or a side beyond `MAX_SIDE`.
    """
    if width * height > max_pixels or max(width, height) > MAX_SIDE:
        raise too_large(max_pixels)


def too_large(max_pixels: int) -> ImageTooLarge:
    """Return the error that names the limits."""
    return ImageTooLarge(
        f"The image is larger than the limit of {max_pixels} pixels, or than {MAX_SIDE} pixels on one side. "
        "Send a smaller image, or a part of it."
    )
