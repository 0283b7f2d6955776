"""Single DICOM pictures of any transfer syntax to what the eye is meant to see.

pydicom reads the file and unpacks the samples, imagecodecs undoes the compression. Nothing about the patient
leaves the decoder.
"""

import logging
import warnings

import numpy as np
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels.decoders.base import get_decoder

from artifact import dicom_codecs
from artifact.decoded import DecodedImage, ImageTruncated, ImageUnreadable, ImageUnsuitable
from artifact.dicom_grey import render_grey
from artifact.dicom_header import SEND, modality_of, presentation_of, read_header
from artifact.dicom_tables import Values, all_values, look_up, show_palette
from artifact.profile import to_srgb
from artifact.raster import DAMAGE
from artifact.samples import Pixels, as_rgb, to_eight_bits

PLUGIN = "imagecodecs"
for _syntax in dicom_codecs.DECODER_DEPENDENCIES:
    get_decoder(_syntax).add_plugin(PLUGIN, (dicom_codecs.__name__, dicom_codecs.decode_frame.__name__))

# It quotes values of the file, and those may be a patient's.
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)

PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})
YBR = frozenset({"YBR_FULL", "YBR_FULL_422"})
"""Colour models as in JPEG; the retired ones of video are not read."""


def decode_dicom(data: bytes, max_pixels: int) -> DecodedImage:
    """Decode the one picture of a DICOM file.

    Raises:
        ImageUnsuitable: if it holds none, or several, or a whole slide, or a video.
        ImageUnreadable: for kinds of pictures that cannot be shown as RGB.
        ImageTruncated: if it is cut off or damaged.
        ImageTooLarge: for more than `max_pixels` pixels, before any of them is decoded.
    """
    # For the reasons that `raster` gives for Pillow.
    warnings.filterwarnings("ignore", module=r"(pydicom|artifact)\.")
    try:
        image = read_header(data, max_pixels)
        if not any(keyword in image for keyword in PIXELS):
            raise ImageUnsuitable(f"The DICOM file holds no pixels. {SEND}")
        pixels = _to_rgb(*_read_samples(image), image)
    except (*DAMAGE, InvalidDicomError) as error:
        raise ImageTruncated(
            "The file begins like a DICOM image but cannot be read to its end: it is cut off or damaged. "
            "Send the whole file again, or export the picture as PNG and send that."
        ) from error
    return DecodedImage(pixels, "DICOM", False, modality_of(image), presentation_of(image))


def _read_samples(image: Dataset) -> tuple[Values, str]:
    """Return the stored values, (H, W) or (H, W, 3), and their colour model."""
    syntax = uid.UID(image.file_meta.TransferSyntaxUID)
    if "PixelData" not in image:
        raise _unsupported("its pixels are floating-point numbers, which do not tell their range")
    if syntax.is_encapsulated and syntax not in dicom_codecs.DECODER_DEPENDENCIES:
        raise _unsupported("its compression is a rare one")
    stored, facts = get_decoder(syntax).as_array(
        image, index=0, raw=True, decoding_plugin=PLUGIN if syntax.is_encapsulated else ""
    )
    return stored, str(facts["photometric_interpretation"])


def _to_rgb(stored: Values, colours: str, image: Dataset) -> Pixels:
    if stored.ndim == 2 and colours in GREY:  # noqa: PLR2004 - rows and columns
        return as_rgb(render_grey(stored, image))
    if stored.ndim == 2 and colours == "PALETTE COLOR" and stored.dtype.itemsize <= 2:  # noqa: PLR2004
        return show_palette(stored, image)
    if stored.ndim == 3 and colours == "RGB" and stored.dtype.kind == "u":  # noqa: PLR2004 - and samples
        return _profiled(Image.fromarray(_eight_bits(stored, image)), image)
    if stored.ndim == 3 and colours in YBR and stored.dtype == np.uint8:  # noqa: PLR2004
        return _profiled(Image.fromarray(stored, "YCbCr").convert("RGB"), image)
    raise _unsupported("its colours are stored in a rare way")


def _eight_bits(stored: Values, image: Dataset) -> Values:
    bits = min(int(image.BitsStored), 8 * stored.dtype.itemsize)
    if bits == 8:  # noqa: PLR2004 - as they are
        return np.ascontiguousarray(stored.astype(np.uint8))
    if stored.dtype.itemsize > 2:  # noqa: PLR2004 - too many values for a table
        return to_eight_bits(stored, 0, 2**bits - 1)
    return look_up(stored, to_eight_bits(all_values(stored.dtype), 0, 2**bits - 1))


def _profiled(picture: Image.Image, image: Dataset) -> Pixels:
    profile = image.get("ICCProfile")
    return np.array(to_srgb(picture, profile if isinstance(profile, bytes) else None))


def _unsupported(why: str) -> ImageUnreadable:
    return ImageUnreadable(f"The DICOM image cannot be used: {why}. Export it as PNG and send that.")
