"""A look at a TIFF file's first directory before Pillow reads it.

TIFF 6.0, Adobe 1992, section 2; BigTIFF as libtiff reads it.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

PARTS_TAGS = {273, 279, 324, 325}
"""Offsets and byte counts of strips and of tiles."""
BITS, SAMPLES, PLANAR_CONFIGURATION, SAMPLE_FORMAT = 258, 277, 284, 339
FLOAT, BY_PLANES = 3, 2
"""The sample format of floating-point numbers, and the configuration of one plane for each colour."""
MAX_ENTRIES = 65_535
"""Most entries of a directory; BigTIFF could claim more."""


class Entry(NamedTuple):
    """One entry of a directory."""

    tag: int
    amount: int
    value: bytes
    """The value itself where it has room, otherwise where it stands."""


def count_parts(data: bytes) -> int:
    """Return how many strips or tiles the first picture claims to have; Pillow takes about 10 us for each.

    Raises:
        struct.error: if the directory lies outside the file.
    """
    return max((entry.amount for entry in _entries(data) if entry.tag in PARTS_TAGS), default=0)


def why_unreadable(data: bytes) -> str | None:
    """Say what stands against reading the first picture's samples; None if nothing does.

    Raises:
        struct.error: if the directory lies outside the file.
    """
    if _first_number(data, SAMPLE_FORMAT) == FLOAT:
        return "its samples are floating-point numbers, which do not tell their range"
    by_planes = _first_number(data, PLANAR_CONFIGURATION) == BY_PLANES and _first_number(data, SAMPLES) > 1
    if by_planes and _first_number(data, BITS) > 8:  # noqa: PLR2004 - which Pillow reads right
        return "its colours are stored in planes of more than 8 bits"
    return None


def _first_number(data: bytes, tag: int) -> int:
    """Return the first of the 16-bit numbers of an entry; 1, which is their default, without it."""
    order = _order(data)
    for entry in _entries(data):
        if entry.tag == tag:
            value = entry.value
            if entry.amount * 2 > len(value):
                (place,) = struct.unpack(order + ("Q" if _is_big(data) else "I"), value)
                value = data[place : place + 2]
            return int(struct.unpack_from(order + "H", value)[0])
    return 1


def _order(data: bytes) -> str:
    return "<" if data.startswith(b"II") else ">"


def _is_big(data: bytes) -> bool:
    return b"+" in data[2:4]


def _entries(data: bytes) -> Iterator[Entry]:
    order, big = _order(data), _is_big(data)
    word, number, entry, first = ("Q", "Q", "HHQ8s", 8) if big else ("I", "H", "HHI4s", 4)
    (start,) = struct.unpack_from(order + word, data, first)
    (entries,) = struct.unpack_from(order + number, data, start)
    start += struct.calcsize(order + number)
    size = struct.calcsize(order + entry)
    complete = min(entries, MAX_ENTRIES, (len(data) - start) // size)
    for tag, _, count, value in struct.iter_unpack(order + entry, data[start : start + complete * size]):
        yield Entry(tag, count, value)
