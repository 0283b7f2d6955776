"""The compressions of DICOM, decoded by imagecodecs as a plugin of pydicom's pixel pipeline.

Of each stream the header is compared with the dataset before anything is decoded, so that a picture of ten
rows cannot unpack to ten thousand. DICOM PS3.5 annexes A.4 and G.
"""

from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.pixels.decoders.base import DecodeRunner

from artifact.codestream import CodestreamHeader, jpeg_2000_header, jpeg_header
from artifact.raster import MAX_SCANS

JPEG = frozenset({uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1})
JPEG_LS = frozenset({uid.JPEGLSLossless, uid.JPEGLSNearLossless})
JPEG_2000 = frozenset({uid.JPEG2000Lossless, uid.JPEG2000})
HTJ2K = frozenset({uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K})

DECODER_DEPENDENCIES = dict.fromkeys(
    (*JPEG, *JPEG_LS, *JPEG_2000, *HTJ2K, uid.RLELossless), ("imagecodecs>=2026.3.6",)
)
"""What pydicom asks plugins for."""

MAX_SEGMENTS = 15
"""Most segments of a run-length encoded frame; PS3.5 section G.5."""


class FrameDamaged(Exception):
    """The compressed frame is not what the dataset says."""


def is_available(syntax: str) -> bool:
    """Tell pydicom that imagecodecs is there."""
    return syntax in DECODER_DEPENDENCIES


def decode_frame(source: bytes, runner: DecodeRunner) -> bytes:
    """Decode one compressed frame.

    Raises:
        FrameDamaged: if its header does not fit the dataset.
    """
    syntax = runner.transfer_syntax
    if syntax == uid.RLELossless:
        return _decode_runs(source, runner)
    if syntax in JPEG | JPEG_LS:
        header = jpeg_header(source)
        array = _decode_jpeg(source, runner, header)
    else:
        header = jpeg_2000_header(source)
        _check(header, runner)
        array = _decode_jpeg_2000(source, runner)
    if array.size != runner.rows * runner.columns * runner.samples_per_pixel:
        raise FrameDamaged
    runner.set_option("bits_allocated", 8 * array.dtype.itemsize)
    runner.set_option("planar_configuration", 0)
    return array.tobytes()


def _check(header: CodestreamHeader | None, runner: DecodeRunner) -> None:
    if header is None or header[:3] != (runner.columns, runner.rows, runner.samples_per_pixel):
        raise FrameDamaged


def _decode_jpeg(source: bytes, runner: DecodeRunner, header: CodestreamHeader | None) -> NDArray[Any]:
    _check(header, runner)
    if source.count(b"\xff\xda") > MAX_SCANS:
        raise FrameDamaged
    if runner.transfer_syntax in JPEG_LS:
        return np.asarray(imagecodecs.jpegls_decode(source))
    if header is not None and header.components > 1:
        _choose_colours(runner, header)
        return np.asarray(imagecodecs.jpeg8_decode(source, colorspace="YCBCR", outcolorspace="YCBCR"))
    return np.asarray(imagecodecs.jpeg8_decode(source))


def _choose_colours(runner: DecodeRunner, header: CodestreamHeader) -> None:
    """Believe Adobe's marker in the stream, where there is one, rather than the dataset."""
    if header.adobe_transform == 0:
        runner.set_option("photometric_interpretation", "RGB")
    elif header.adobe_transform == 1:
        runner.set_option("photometric_interpretation", "YBR_FULL")


def _decode_jpeg_2000(source: bytes, runner: DecodeRunner) -> NDArray[Any]:
    if runner.photometric_interpretation in {"YBR_ICT", "YBR_RCT"}:
        runner.set_option("photometric_interpretation", "RGB")  # the codec has undone its own transform
    return np.asarray(imagecodecs.jpeg2k_decode(source, numthreads=1))


def _decode_runs(source: bytes, runner: DecodeRunner) -> bytes:
    """Decode run lengths; each segment holds one byte of each sample, the highest byte first."""
    numbers = np.frombuffer(source[:64], "<u4")
    width = runner.bits_allocated // 8
    count = width * runner.samples_per_pixel
    if not 0 < count <= MAX_SEGMENTS or int(numbers[0]) != count:
        raise FrameDamaged
    places = [*(int(place) for place in numbers[1 : count + 1]), len(source)]
    planes = np.empty((runner.samples_per_pixel, runner.rows * runner.columns, width), np.uint8)
    for index in range(count):
        sample, byte = divmod(index, width)
        planes[sample, :, width - 1 - byte] = _decode_segment(
            source[places[index] : places[index + 1]], planes.shape[1]
        )
    runner.set_option("planar_configuration", 1)
    return planes.tobytes()


def _decode_segment(segment: bytes, length: int) -> NDArray[np.uint8]:
    """Decode into exactly `length` bytes, and a padding that is cut off; more is an error of the codec."""
    decoded = imagecodecs.packbits_decode(segment, out=bytearray(length + 1))
    values = np.frombuffer(decoded, np.uint8)
    if len(values) < length:
        raise FrameDamaged
    return values[:length]
