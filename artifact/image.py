"""Image files to upright RGB pixels, in one way for training and serving.

JPEG, PNG, TIFF, BMP, WebP and DICOM are read; of a file with several pictures the first, but of DICOM files
single pictures only. Whatever bytes are given, only the errors below come out.
"""

from artifact.decoded import (
    DecodedImage,
    ImageEmpty,
    ImageError,
    ImageTooLarge,
    ImageTruncated,
    ImageUnreadable,
    ImageUnsuitable,
)
from artifact.dicom_signature import is_dicom
from artifact.raster import decode_raster, format_of

__all__ = [
    "DecodedImage",
    "ImageEmpty",
    "ImageError",
    "ImageTooLarge",
    "ImageTruncated",
    "ImageUnreadable",
    "ImageUnsuitable",
    "decode",
]


def decode(data: bytes, *, max_pixels: int) -> DecodedImage:
    """Decode the first picture in `data`.

    A file that is DICOM and something else at once, as its preamble allows, is read as DICOM: there it says
    how it is to be shown.

    Raises:
        ImageEmpty: without any bytes.
        ImageUnreadable: for anything but the six formats, and for kinds of them that cannot be shown as RGB.
        ImageTruncated: for one of the six that is cut off or damaged.
        ImageTooLarge: for more than `max_pixels` pixels, before any of them is decoded.
        ImageUnsuitable: for DICOM files that hold no picture, or more than one, or a whole slide.
    """
    if not data:
        raise ImageEmpty("The file is empty. Send the image itself.")
    if is_dicom(data):
        # Only now: pydicom and the codecs take 25 MB and 0.2 s, and many services never see a DICOM file.
        from artifact.dicom import decode_dicom  # noqa: PLC0415

        return decode_dicom(data, max_pixels)
    kind = format_of(data)
    if kind is None:
        raise ImageUnreadable(
            "The file is no image that can be read. Send a JPEG, PNG, TIFF, BMP, WebP or DICOM image."
        )
    return decode_raster(data, kind, max_pixels)
