"""A look at a TIFF file's first directory before Pillow reads it.

TIFF 6.0, Adobe 1992, section 2; BigTIFF as libtiff reads it.
"""

import struct

PARTS_TAGS = {273, 279, 324, 325}
"""Offsets and byte counts of strips and of tiles."""
MAX_ENTRIES = 65_535
"""Most entries of a directory; BigTIFF could claim more."""


def count_parts(data: bytes) -> int:
    """Return how many strips or tiles the first picture claims to have; Pillow takes about 10 us for each.

    Raises:
        struct.error: if the directory lies outside the file.
    """
    order = "<" if data.startswith(b"II") else ">"
    big = b"+" in data[2:4]
    word, number, entry, first = ("Q", "Q", "HHQ8x", 8) if big else ("I", "H", "HHI4x", 4)
    (start,) = struct.unpack_from(order + word, data, first)
    (entries,) = struct.unpack_from(order + number, data, start)
    start += struct.calcsize(order + number)
    size = struct.calcsize(order + entry)
    complete = min(entries, MAX_ENTRIES, (len(data) - start) // size)
    tags = struct.iter_unpack(order + entry, data[start : start + complete * size])
    return max((count for tag, _, count in tags if tag in PARTS_TAGS), default=0)
