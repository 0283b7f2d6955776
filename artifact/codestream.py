"""What the header of a JPEG, JPEG-LS or JPEG 2000 stream says, read before anything is decoded.

ITU-T T.81 (JPEG), annex B; T.87 (JPEG-LS), annex C; T.800 (JPEG 2000), annex A.5.1.
"""

import struct
from typing import NamedTuple

FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
"""Second bytes of the markers that begin a frame (SOF0 to SOF15, and SOF55 of JPEG-LS)."""
STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""
START_OF_SCAN = 0xDA
ADOBE = 0xEE
MAX_MARKERS = 1_000
"""Most markers before the frame; real files have about ten."""


class CodestreamHeader(NamedTuple):
    """Size and samples of the picture in a stream."""

    width: int
    height: int
    components: int
    precision: int
    """Bits of a sample."""
    adobe_transform: int | None = None
    """What Adobe's marker says of the colours: 0 none, 1 YCbCr; None without the marker."""
    component_ids: bytes = b""


def jpeg_header(data: bytes) -> CodestreamHeader | None:
    """Read the frame header of a JPEG or JPEG-LS stream; None if there is none before the first scan."""
    place, adobe = 2, None
    for _ in range(MAX_MARKERS):
        marker, length = _marker_at(data, place)
        if marker is None or marker == START_OF_SCAN:
            return None
        if marker == 0xFF or marker in STANDALONE:  # noqa: PLR2004 - a fill byte
            place += 1 if marker == 0xFF else 2  # noqa: PLR2004
            continue
        content = data[place + 4 : place + 2 + length]
        if marker == ADOBE and content.startswith(b"Adobe") and len(content) > 11:  # noqa: PLR2004 - its last byte
            adobe = content[11]
        if marker in FRAMES and len(content) >= 6:  # noqa: PLR2004 - precision, height, width, components
            precision, height, width, components = struct.unpack_from(">BHHB", content)
            return CodestreamHeader(width, height, components, precision, adobe, content[6::3])
        place += 2 + length
    return None


def _marker_at(data: bytes, place: int) -> tuple[int | None, int]:
    """Return the marker at `place` and its length; None where the stream breaks off or has no marker."""
    if place + 4 > len(data) or data[place] != 0xFF:  # noqa: PLR2004 - every marker begins so
        return None, 0
    return data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")


def jpeg_2000_header(data: bytes) -> CodestreamHeader | None:
    """Read the SIZ marker of a JPEG 2000 codestream, bare or in a JP2 file; None if there is none."""
    start = data.find(b"\xff\x4f\xff\x51")
    if start < 0 or start + 43 > len(data):
        return None
    x1, y1, x0, y0 = struct.unpack_from(">4I", data, start + 8)
    (components,) = struct.unpack_from(">H", data, start + 40)
    return CodestreamHeader(x1 - x0, y1 - y0, components, (data[start + 42] & 0x7F) + 1)
