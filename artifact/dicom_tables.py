"""Lookup tables of DICOM, and pictures shown through one.

DICOM PS3.3 sections C.11.1.1 (modality), C.11.2.1.1 (VOI) and C.7.6.3.1.5, C.7.9.2 (palettes).
"""

import struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from artifact.samples import Pixels, to_eight_bits

Values = NDArray[Any]
ALL_ENTRIES = 65_536
"""Most entries of a table, which its descriptor writes as 0."""
BAND = 1_000_000
"""Pixels that are looked up at a time: NumPy widens each index to eight bytes meanwhile."""


class Table(NamedTuple):
    """A lookup table: `values[0]` stands for `first` and all below it, the last one for all above."""

    first: int
    values: Values
    top: int
    """The largest value that its bits allow."""

    def apply(self, inputs: Values) -> Values:
        """Look each input up."""
        places = np.clip(np.rint(inputs) - self.first, 0, len(self.values) - 1)
        return np.asarray(self.values[places.astype(np.int64)])


def read_table(item: Dataset, *, little_endian: bool) -> Table:
    """Read an item of a Modality or VOI LUT Sequence.

    Raises:
        ValueError: if it has fewer entries than it says.
    """
    entries, first, bits = (int(number) for number in item.LUTDescriptor)
    entries = entries or ALL_ENTRIES
    data = item.LUTData
    if isinstance(data, bytes):
        wide = len(data) > entries + 1
        word = ("<u2" if little_endian else ">u2") if wide else "u1"
        values = np.frombuffer(data[: len(data) // 2 * 2] if wide else data, word)
    else:
        values = np.atleast_1d(np.asarray(data, np.int64))
    values = values[:entries].astype(np.int64)
    if not 0 < len(values) == entries or not 1 <= bits <= 16:  # noqa: PLR2004 - the standard's most
        raise ValueError("the lookup table is incomplete")
    # Some makers' descriptors name fewer bits than their values have.
    return Table(first, values, max(2**bits - 1, int(values.max())))


def all_values(dtype: np.dtype[Any]) -> Values:
    """Return every value of an 8-bit or 16-bit integer type, in the order of its unsigned twin."""
    bits = 8 * dtype.itemsize
    return np.arange(2**bits, dtype=f"u{dtype.itemsize}").view(dtype)


def look_up(stored: Values, table: Values) -> Values:
    """Show 8-bit or 16-bit integers through a table that `all_values` was the input of."""
    codes = np.ascontiguousarray(stored).view(f"u{stored.dtype.itemsize}")
    shown = np.empty((codes.size, *table.shape[1:]), table.dtype)
    flat = codes.reshape(-1)
    for start in range(0, flat.size, BAND):
        shown[start : start + BAND] = table[flat[start : start + BAND]]
    return shown.reshape(codes.shape + table.shape[1:])


def present_values(stored: Values) -> Values:
    """Return, in order, the values that occur in a picture of 8-bit or 16-bit integers."""
    flat = np.ascontiguousarray(stored).view(f"u{stored.dtype.itemsize}").reshape(-1)
    occurs = np.zeros(2 ** (8 * stored.dtype.itemsize), bool)
    for start in range(0, flat.size, BAND):
        occurs[flat[start : start + BAND]] = True
    return np.sort(all_values(stored.dtype)[occurs])


def show_palette(stored: Values, image: Dataset) -> Pixels:
    """Show the stored values (H, W) of a PALETTE COLOR picture.

    Raises:
        ValueError: if the palette is missing, broken, or unpacks to too much.
    """
    entries, first, _ = (int(number) for number in image.RedPaletteColorLookupTableDescriptor)
    for colour in ("Red", "Green", "Blue"):
        segments = image.get(f"Segmented{colour}PaletteColorLookupTableData")
        if segments is not None:
            _check_segments(segments, image)
    inputs = np.clip(all_values(stored.dtype).astype(np.int64), first, first + (entries or ALL_ENTRIES) - 1)
    colours = apply_color_lut(inputs, image)[..., :3]
    top = 255 if colours.dtype.itemsize == 1 or colours.max() <= 255 else 65535  # noqa: PLR2004 - 8 or 16 bits
    return look_up(stored, to_eight_bits(colours, 0, top))


def _check_segments(data: bytes, image: Dataset) -> None:
    """Refuse a segmented palette that would unpack to more entries than a table can have."""
    wide = int(image.RedPaletteColorLookupTableDescriptor[2]) > 8  # noqa: PLR2004 - bits
    order = "<" if image.original_encoding[1] else ">"
    numbers = struct.unpack(f"{order}{len(data) // (1 + wide)}{'BH'[wide]}", data[: len(data) // 2 * 2])
    place = total = 0
    while place + 1 < len(numbers):
        kind, length = numbers[place : place + 2]
        total += length
        place += 2 + (length if kind == 0 else 1)
        if kind not in {0, 1} or total > ALL_ENTRIES:
            raise ValueError("the segmented palette cannot be used")
