"""Damaged and hostile image files, the same ones for the same seed."""

import random
import struct
import zlib
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image
from pydicom.data import get_testdata_file

EXTREMES = (
    b"\0",
    b"\xff",
    b"\xff\xff",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
)
HEADER = 400
"""Bytes at the start of a file that say the most about it."""
DICOM = (
    "CT_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "JPGExtended.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_rle.dcm",
    "image_dfl.dcm",
    "examples_palette.dcm",
    "rtdose_1frame.dcm",
    "test-SR.dcm",
)
"""Files that come with pydicom: each transfer syntax, a palette, and a report."""


@cache
def sound_files() -> dict[str, bytes]:
    """Return sound files of every format, small ones, by name."""
    noise = np.random.default_rng(1).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((96, 72))
    grey = Image.fromarray(noise[:, :, 0].astype(np.uint16) * 257)
    files = {
        "jpeg": _encode(picture, "JPEG"),
        "jpeg-progressive": _encode(picture, "JPEG", progressive=True),
        "jpeg-cmyk": _encode(picture.convert("CMYK"), "JPEG"),
        "png": _encode(picture, "PNG"),
        "png-palette": _encode(picture.quantize(8), "PNG", transparency=b"\0\x80"),
        "png-16": _encode(grey, "PNG"),
        "png-frames": _encode(picture, "PNG", save_all=True, append_images=[picture]),
        "tiff": _encode(picture, "TIFF"),
        "tiff-lzw": _encode(picture, "TIFF", compression="tiff_lzw"),
        "tiff-jpeg": _encode(picture, "TIFF", compression="jpeg"),
        "tiff-deflate-16": _encode(grey, "TIFF", compression="tiff_deflate"),
        "tiff-pages": _encode(picture, "TIFF", save_all=True, append_images=[picture]),
        "bmp": _encode(picture, "BMP"),
        "webp": _encode(picture, "WEBP"),
        "webp-lossless": _encode(picture, "WEBP", lossless=True),
    }
    for name in DICOM:
        with open(str(get_testdata_file(name, download=False)), "rb") as file:
            files[name] = file.read()
    return files


@cache
def bombs() -> dict[str, bytes]:
    """Return small files that claim or unpack to far too much."""
    text = b"a\0\0" + zlib.compress(bytes(50_000_000), 9)
    png = sound_files()["png"]
    zeros = zlib.compressobj(9, wbits=-15)
    deflated = sound_files()["image_dfl.dcm"]
    start = deflated.index(b"1.2.840.10008.1.2.1.99") + 22
    return {
        "png-pixels": png[:16] + struct.pack(">II", 60_000, 60_000) + png[24:],
        "png-text": png[:33] + _chunk(b"zTXt", text) + png[33:],
        "png-idat": png[:33] + _chunk(b"IDAT", zlib.compress(bytes(100_000_000), 9)) + png[-12:],
        "dicom-deflated": deflated[:start] + zeros.compress(bytes(400_000_000)) + zeros.flush(),
        "dicom-items": sound_files()["CT_small.dcm"][:3000] + b"\x08\0\x40\x11SQ\0\0" + b"\xff" * 4
        + b"\xfe\xff\0\xe0\0\0\0\0" * 500_000,
        "jpeg-scans": sound_files()["jpeg-progressive"][:-2] + b"\xff\xda" * 5_000,
    }  # fmt: skip


def mutate(files: dict[str, bytes], seed: int) -> bytes:
    """Return one of `files`, damaged as `seed` says: overwritten, cut, stretched, or joined with another."""
    source = random.Random(seed)  # noqa: S311 - repeatable on purpose
    name = source.choice(sorted(files))
    data = bytearray(files[name])
    for _ in range(source.choice((1, 1, 2, 4, 16))):
        place = source.randrange(min(len(data), HEADER) if source.random() < 0.6 else len(data))  # noqa: PLR2004
        content = source.choice((*EXTREMES, source.randbytes(source.randint(1, 8))))
        data[place : place + len(content)] = content
    kind = source.random()
    if kind < 0.15:  # noqa: PLR2004 - shares of the kinds of damage
        return bytes(data[: source.randrange(1, len(data))])
    if kind < 0.25:  # noqa: PLR2004
        place, length = source.randrange(len(data)), source.randrange(1, 2000)
        return bytes(data[:place] + data[place : place + length] * source.randint(2, 20) + data[place:])
    if kind < 0.35:  # noqa: PLR2004
        other = files[source.choice(sorted(files))]
        return bytes(data[: source.randrange(1, len(data))] + other[source.randrange(len(other)) :])
    return bytes(data)


def _encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    stream = BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
