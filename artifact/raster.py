"""JPEG, PNG, TIFF, BMP and WebP: read with Pillow, checked before and while it reads."""

import struct
import warnings
import zlib
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from artifact.codestream import jpeg_header
from artifact.colour import ColourUnsupported, to_rgb
from artifact.decoded import DecodedImage, ImageTruncated, ImageUnreadable, check_size, too_large
from artifact.tiff import count_parts, why_unreadable

SIGNATURES = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "BMP": (b"BM",),
}
"""How files begin; WebP, whose signature has a gap, is told apart in `format_of`."""

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


def format_of(data: bytes) -> str | None:
    """Name the format by its signature; None if it is none of the five."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((kind for kind, signatures in SIGNATURES.items() if data.startswith(signatures)), None)


def decode_raster(data: bytes, kind: str, max_pixels: int) -> DecodedImage:
    """Decode the first picture in `data`, whose signature says `kind`.

    Raises:
        ImageUnreadable: for kinds of the format that cannot be shown as RGB.
        ImageTruncated: if it is cut off or damaged.
        ImageTooLarge: for more than `max_pixels` pixels, before any of them is decoded.
    """
    _hush()
    try:
        _check_structure(data, kind)
        with Image.open(BytesIO(data), formats=[kind]) as image:
            check_size(*image.size, max_pixels)
            image.load()
            return DecodedImage(to_rgb(_upright(image)), kind, _holds_several(image))
    except Image.DecompressionBombError as error:
        raise too_large(max_pixels) from error
    except ColourUnsupported as error:
        raise _unsupported(str(error)) from error
    except UnidentifiedImageError as error:
        raise _unidentified(kind) from error
    except DAMAGE as error:
        raise _damaged(kind) from error


def _hush() -> None:
    """Keep Pillow's remarks about odd metadata out of the log; what matters it raises.

    The filter is set anew each time and never taken back: `warnings.catch_warnings` is not safe in threads.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")


def _check_structure(data: bytes, kind: str) -> None:
    """Refuse what Pillow does not read, with a clear word, and what it would read for minutes."""
    if kind == "JPEG":
        if data.count(b"\xff\xda") > MAX_SCANS:
            raise ImageUnreadable("The JPEG file has too many scans. Save it again as an ordinary JPEG.")
        header = jpeg_header(data)
        if header is not None and header.precision != 8:  # noqa: PLR2004 - bits
            raise _unsupported(f"it is a JPEG of {header.precision} bits")
    if kind == "TIFF":
        if count_parts(data) > MAX_PARTS:
            raise ImageUnreadable("The TIFF file has too many strips or tiles. Save it again with fewer.")
        if why := why_unreadable(data):
            raise _unsupported(why)


def _unsupported(why: str) -> ImageUnreadable:
    return ImageUnreadable(f"The image cannot be used: {why}. Save it as 8-bit RGB and send that.")


def _unidentified(kind: str) -> ImageTruncated | ImageUnreadable:
    """A TIFF of a rare kind is as foreign to Pillow as a broken file; the others are then broken."""
    if kind == "TIFF":
        return _unsupported("it is a rare kind of TIFF, or its header is damaged")
    return _damaged(kind)


def _damaged(kind: str) -> ImageTruncated:
    return ImageTruncated(
        f"The file begins like a {kind} image but cannot be read to its end: it is cut off or damaged. "
        "Send the whole file again, or save the image as PNG and send that."
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
