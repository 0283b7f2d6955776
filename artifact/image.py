"""Image files to upright RGB pixels, in one way for training and serving.

JPEG, PNG, TIFF, BMP and WebP are read; of a file with several pictures the first. Whatever bytes are given,
only the errors below come out.
"""

import struct
import warnings
import zlib
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps
from PIL.TiffImagePlugin import TiffImageFile

from artifact.colour import ColourUnsupported, Pixels, to_rgb
from artifact.tiff import count_parts


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


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """An upright picture and what kind of file it came in."""

    pixels: Pixels
    """Shape (height, width, 3), RGB."""
    format: str
    """`JPEG`, `PNG`, `TIFF`, `BMP` or `WEBP`."""
    several: bool
    """Whether the file holds more pictures than this first one."""

    @property
    def width(self) -> int:
        """Columns of the upright picture."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows of the upright picture."""
        return int(self.pixels.shape[0])


SIGNATURES = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "BMP": (b"BM",),
}
"""How files begin; WebP, whose signature has a gap, is told apart in `_format_of`."""

MAX_SIDE = 1_000_000
"""Largest width or height in pixels; what the contract can express."""

MAX_SCANS = 100
"""Most scans of a JPEG: ordinary progressive files have about ten, and each costs a pass over all pixels.

libjpeg-turbo, "Two Issues with the JPEG Standard", 2018.
"""

MAX_PARTS = 65_536
"""Most strips or tiles of a TIFF; 50 megapixels in 64x64 tiles are 12,000."""

DAMAGE = (
    ArithmeticError,  # sizes and ratios of zero
    AssertionError,  # Pillow's notes to its type checker
    AttributeError,  # tags of another type than Pillow expects
    EOFError,  # a file that ends between its pictures
    LookupError,  # tags and tables that are missing
    MemoryError,  # impossible strip and tile sizes
    OSError,  # the usual one: truncated, broken, unidentified
    RuntimeError,  # codecs that give up, rare compressions
    SyntaxError,  # Pillow's word for a malformed header
    TypeError,  # tags of another type than Pillow expects
    ValueError,  # sizes and texts that make no sense, text chunks that would unpack to too much
    struct.error,
    zlib.error,
)
"""What Pillow has been seen to raise on damaged files; it reads lazily, so any can come at any step."""


def decode(data: bytes, *, max_pixels: int) -> DecodedImage:
    """Decode the first picture in `data`.

    Raises:
        ImageEmpty: without any bytes.
        ImageUnreadable: for anything but the five formats, and for colours that cannot be shown as RGB.
        ImageTruncated: for one of the five that is cut off or damaged.
        ImageTooLarge: for more than `max_pixels` pixels, before any of them is decoded.
    """
    if not data:
        raise ImageEmpty("The file is empty. Send the image itself.")
    kind = _format_of(data)
    _hush()
    try:
        _check_structure(data, kind)
        with Image.open(BytesIO(data), formats=[kind]) as image:
            _check_size(image, max_pixels)
            image.load()
            return DecodedImage(to_rgb(_upright(image)), kind, _holds_several(image))
    except Image.DecompressionBombError as error:
        raise _too_large(max_pixels) from error
    except ColourUnsupported as error:
        raise ImageUnreadable(f"The image cannot be used: {error}. Save it as 8-bit RGB.") from error
    except DAMAGE as error:
        raise ImageTruncated(
            f"The file begins like a {kind} image but cannot be read to its end: it is cut off or damaged. "
            "Send the whole file again, or save the image as PNG and send that."
        ) from error


def _format_of(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    for kind, signatures in SIGNATURES.items():
        if data.startswith(signatures):
            return kind
    raise ImageUnreadable("The file is no image that can be read. Send a JPEG, PNG, TIFF, BMP or WebP image.")


def _hush() -> None:
    """Keep Pillow's remarks about odd metadata out of the log; what matters it raises.

    The filter is set anew each time and never taken back: `warnings.catch_warnings` is not safe in threads.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")


def _check_structure(data: bytes, kind: str) -> None:
    """Refuse files that are cut into so many pieces that reading them would take minutes."""
    if kind == "JPEG" and data.count(b"\xff\xda") > MAX_SCANS:
        raise ImageUnreadable("The JPEG file has too many scans. Save it again as an ordinary JPEG.")
    if kind == "TIFF" and count_parts(data) > MAX_PARTS:
        raise ImageUnreadable("The TIFF file has too many strips or tiles. Save it again with fewer.")


def _check_size(image: Image.Image, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels or max(width, height) > MAX_SIDE:
        raise _too_large(max_pixels)


def _too_large(max_pixels: int) -> ImageTooLarge:
    return ImageTooLarge(
        f"The image is larger than the limit of {max_pixels} pixels, or than {MAX_SIDE} pixels on one side. "
        "Send a smaller image, or a part of it."
    )


def _holds_several(image: Image.Image) -> bool:
    """Tell whether more pictures follow; a TIFF would have to be read through to count them."""
    if isinstance(image, TiffImageFile):
        return bool(image.tag_v2.next)
    # The second pictures of phones' JPEG files (MPO) are previews and brightness maps.
    return image.format != "MPO" and int(getattr(image, "n_frames", 1)) > 1


def _upright(image: Image.Image) -> Image.Image:
    """Apply the EXIF turn; EXIF data that cannot be read turns nothing."""
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except DAMAGE:
        return image
    return image
