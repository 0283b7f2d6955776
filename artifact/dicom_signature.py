"""DICOM files, recognised by how they begin; apart, so that other pictures need no pydicom.

DICOM PS3.10 section 7.1 (the preamble) and PS3.5 section 7.1 (elements).
"""

import struct

PREAMBLE = 128
"""Bytes before the word `DICM`; anything may stand in them."""


def is_dicom(data: bytes) -> bool:
    """Recognise DICOM by the word behind its preamble, or without one by its first elements."""
    return data[PREAMBLE : PREAMBLE + 4] == b"DICM" or _begins_like_a_dataset(data)


def _begins_like_a_dataset(data: bytes) -> bool:
    """Tell whether two elements of the file meta group or of the identifying group stand there in order."""
    for order in "<>":
        first = _element_at(data, 0, order)
        second = first and _element_at(data, first[1], order)
        if first and second and first[0] < second[0] and {first[0] >> 16, second[0] >> 16} <= {2, 8}:
            return True
    return False


def _element_at(data: bytes, place: int, order: str) -> tuple[int, int] | None:
    """Return the tag of the element at `place` and where the next one begins; None if there is none."""
    head = data[place : place + 12]
    if len(head) < 12:  # noqa: PLR2004 - the longest header of an element
        return None
    group, element, vr, short = struct.unpack_from(order + "HH2sH", head)
    if vr in {b"OB", b"OW", b"UN", b"SQ", b"UT"}:
        length = 12 + struct.unpack_from(order + "I", head, 8)[0]
    elif vr.isalpha() and vr.isupper():
        length = 8 + short
    else:
        length = 8 + struct.unpack_from(order + "I", head, 4)[0]
    return (group << 16 | element, place + length)
