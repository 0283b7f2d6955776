"""DICOM files up to their pixels: read within bounds, and asked whether they hold one picture.

Only the elements that say how the picture is stored and shown are kept; those about the patient are skipped
where they stand. DICOM PS3.3 (modules), PS3.5 (encoding), PS3.6 (UIDs), 2025.
"""

import re
import zlib
from io import BytesIO
from typing import Literal

from pydicom import config
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from artifact.decoded import MODALITIES, ImageTruncated, ImageUnreadable, ImageUnsuitable, check_size
from artifact.dicom_signature import PREAMBLE

config.settings.reading_validation_mode = config.IGNORE  # a wrong VR elsewhere is no reason to refuse

MAX_READS = 100_000
"""Most reads of a file: a single picture has some hundreds of elements, a bomb of items millions."""
MAX_INFLATED_EXTRA = 16_000_000
"""Bytes that a deflated dataset may have beyond six for each pixel (three samples of 16 bits)."""

IMAGE_TAGS = [
    0x00080005,  # Specific Character Set
    0x00080016,  # SOP Class UID
    0x00080060,  # Modality
    0x00080068,  # Presentation Intent Type
    *range(0x00280002, 0x00280012),  # Samples per Pixel to Columns
    *range(0x00280100, 0x00280122),  # Bits Allocated to Pixel Padding Range Limit
    0x00281050,  # Window Center
    0x00281051,  # Window Width
    0x00281052,  # Rescale Intercept
    0x00281053,  # Rescale Slope
    0x00281056,  # VOI LUT Function
    *range(0x00281101, 0x00281104),  # Palette Color Lookup Table Descriptors
    *range(0x00281201, 0x00281204),  # Palette Color Lookup Table Data
    *range(0x00281221, 0x00281224),  # Segmented Palette Color Lookup Table Data
    0x00282000,  # ICC Profile
    0x00283000,  # Modality LUT Sequence
    0x00283010,  # VOI LUT Sequence
    0x20500020,  # Presentation LUT Shape
    0x7FE00008,  # Float Pixel Data
    0x7FE00009,  # Double Float Pixel Data
    0x7FE00010,  # Pixel Data
]
"""Everything that is kept of a file."""

WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
DIRECTORY = "1.2.840.10008.1.3.10"
VIDEO = re.compile(r"1\.2\.840\.10008\.1\.2\.(4\.10[0-8](\.1)?|7\.[1-3])$")
"""Transfer syntaxes of MPEG-2, MPEG-4, HEVC and SMPTE ST 2110."""
ELSEWHERE = re.compile(r"1\.2\.840\.10008\.1\.2\.4\.(9[45]|20[45])$")
"""Transfer syntaxes (JPIP) whose pixels stay on another server; nothing is ever fetched."""

SEND = "Send a single picture: one DICOM frame, or a JPEG or PNG of the region in question."


class CountedBytes(BytesIO):
    """A file in memory that can be read only so often, which bounds the elements that are looked at."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._left = MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        """Read on.

        Raises:
            ImageUnreadable: when it has been read too often.
        """
        self._left -= 1
        if self._left < 0:
            raise ImageUnreadable(f"The DICOM file has too many elements for a single picture. {SEND}")
        return super().read(size)


def read_header(data: bytes, max_pixels: int) -> Dataset:
    """Read a DICOM file, making sure before its pixels are decoded that it holds one picture of a fair size.

    Raises:
        ImageUnsuitable: if it holds none, or several, or a whole slide, or a video.
        ImageTooLarge: for more than `max_pixels` pixels.
        ImageTruncated: if Rows or Columns is zero.
        ImageUnreadable: for endless elements, and for transfer syntaxes that nobody has named.
    """
    file = CountedBytes(data)
    file.seek(PREAMBLE + 4 if data[PREAMBLE : PREAMBLE + 4] == b"DICM" else 0)
    meta = read_dataset(file, False, True, stop_when=lambda tag, *_: tag >> 16 != 2)  # noqa: PLR2004 - its group
    syntax = _syntax_of(meta, data[file.tell() : file.tell() + 6])
    _check_syntax(syntax, str(meta.get("MediaStorageSOPClassUID", "")))
    if syntax == DeflatedExplicitVRLittleEndian:
        file = CountedBytes(_inflate(data[file.tell() :], 6 * max_pixels + MAX_INFLATED_EXTRA))
    start = file.tell()
    _check_picture(_read(file, syntax, pixels=False), max_pixels)
    file.seek(start)
    return _read(file, syntax, pixels=True)


def presentation_of(image: Dataset) -> Literal["for_presentation", "for_processing"] | None:
    """Tell what the picture is meant for, if it says so."""
    intent = str(image.get("PresentationIntentType", "")).strip().upper()
    if intent == "FOR PROCESSING":
        return "for_processing"
    return "for_presentation" if intent == "FOR PRESENTATION" else None


def modality_of(image: Dataset) -> str | None:
    """Name what took the picture, by a code from the closed list."""
    code = str(image.get("Modality", "")).strip().upper()
    return code if code in MODALITIES else None


def _syntax_of(meta: Dataset, first: bytes) -> UID:
    """Return the transfer syntax, guessed from the dataset's first element where it is not told."""
    if told := meta.get("TransferSyntaxUID"):
        return UID(str(told))
    if first[4:6].isalpha() and first[4:6].isupper():
        return ExplicitVRBigEndian if first[0] == 0 else UID("1.2.840.10008.1.2.1")
    return ImplicitVRLittleEndian


def _check_syntax(syntax: UID, sop_class: str) -> None:
    if sop_class == DIRECTORY:
        raise ImageUnsuitable(f"The file is a DICOM directory, which lists pictures but holds none. {SEND}")
    if VIDEO.match(syntax):
        raise ImageUnsuitable(f"The DICOM file holds a video. {SEND}")
    if ELSEWHERE.match(syntax):
        raise ImageUnsuitable(f"The pixels of the DICOM file are on another server. {SEND}")
    if not syntax.is_transfer_syntax:
        raise ImageUnreadable(f"The DICOM file names an unknown transfer syntax. {SEND}")


def _inflate(data: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = inflater.decompress(data, limit)
    if inflater.unconsumed_tail:
        raise ImageUnreadable(f"The deflated DICOM file unpacks to too much. {SEND}")
    if not inflater.eof:
        raise ImageTruncated("The deflated DICOM file is cut off. Send the whole file again.")
    return inflated


def _read(file: BytesIO, syntax: UID, *, pixels: bool) -> Dataset:
    """Read the elements that matter; those about the patient never leave the file's bytes."""
    header_ends = 0x0029_0000
    image = read_dataset(
        file,
        syntax.is_implicit_VR,
        syntax.is_little_endian,
        stop_when=None if pixels else lambda tag, *_: tag >= header_ends,
        specific_tags=list(IMAGE_TAGS),
    )
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = syntax
    image.set_original_encoding(syntax.is_implicit_VR, syntax.is_little_endian)
    return image


def _check_picture(image: Dataset, max_pixels: int) -> None:
    frames = image.get("NumberOfFrames")
    if str(image.get("SOPClassUID", "")) == WHOLE_SLIDE:
        raise ImageUnsuitable(
            "The file is a whole-slide object. Send one region of it at 10 to 40 times magnification, "
            "as a single DICOM frame, a TIFF, a JPEG or a PNG."
        )
    if frames not in (None, "") and int(str(frames)) > 1:
        raise ImageUnsuitable(f"The DICOM file holds more than one frame. {SEND}")
    if "Rows" not in image or "Columns" not in image:
        raise ImageUnsuitable(f"The DICOM file holds no picture but a report, a plan or a document. {SEND}")
    rows, columns = int(image.Rows), int(image.Columns)
    if rows < 1 or columns < 1:
        raise ImageTruncated("The DICOM file says that its picture has no rows or no columns. Send it again.")
    check_size(columns, rows, max_pixels)
