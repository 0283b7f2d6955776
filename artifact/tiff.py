"""A look at a TIFF file's first directory before Pillow reads it.

TIFF 6.0, Adobe 1992, section 2; BigTIFF as libtiff reads it.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

PARTS_TAGS = {273, 279, 324, 325}
"""Offsets and byte counts of strips and of tiles."""
SAMPLE_FORMAT = 339
FLOAT = 3
"""The sample format of floating-point numbers."""
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


def holds_floats(data: bytes) -> bool:
    """Tell whether the samples of the first picture are floating-point numbers.

    Raises:
        struct.error: if the directory lies outside the file.
    """
    order = _order(data)
    for entry in _entries(data):
        if entry.tag == SAMPLE_FORMAT:
            value = entry.value
            if entry.amount * 2 > len(value):
                (place,) = struct.unpack(order + ("Q" if _is_big(data) else "I"), value)
                value = data[place : place + 2]
            return value[:2] == struct.pack(order + "H", FLOAT)
    return False


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
