"""Stored values of grey DICOM pictures to what the eye is meant to see.

In the order of the standard: modality LUT or rescale, VOI LUT or window, presentation shape. All of it is
done to the 65,536 values that a sample can have, and the picture is then shown through that table.
DICOM PS3.3 sections C.11.1, C.11.2, C.11.6 and C.7.5.1.1.2; PS3.4 annex N.2.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from artifact.dicom_tables import Table, Values, all_values, look_up, present_values, read_table
from artifact.samples import Grey, largest_of, to_eight_bits

Fractions = NDArray[np.float64]
"""0 black to 1 white."""
CONTAINER_BITS = 16


def render_grey(stored: Values, image: Dataset) -> Grey:
    """Show the stored values (H, W) of a MONOCHROME picture; padding becomes black.

    Raises:
        ValueError: for broken lookup tables.
    """
    if stored.dtype.itemsize > 2:  # noqa: PLR2004 - bytes: too many values for a table
        return _show(stored, stored, image)
    return look_up(stored, _show(all_values(stored.dtype), present_values(stored), image))


def _show(values: Values, present: Values, image: Dataset) -> Grey:
    """Show `values` as the picture whose values are `present` would show them."""
    padding = _padding_of(values, image)
    measured = _measure(values, image)
    shown = _apply_voi(measured, image)
    if shown is None:
        shown = _spread(measured, _measure(_edges(present, image), image))
    if _is_inverted(image):
        shown = 1 - shown
    grey = to_eight_bits(shown, 0, 1)
    grey[padding] = 0
    return grey


def _measure(values: Values, image: Dataset) -> Fractions:
    """Turn stored values into what the machine measured."""
    if image.get("ModalityLUTSequence"):
        return _table(image.ModalityLUTSequence[0], image).apply(values).astype(np.float64)
    slope, intercept = _number(image, "RescaleSlope"), _number(image, "RescaleIntercept")
    if slope is None or intercept is None or slope == 0:
        return values.astype(np.float64)
    return values.astype(np.float64) * slope + intercept


def _apply_voi(measured: Fractions, image: Dataset) -> Fractions | None:
    """Apply the first VOI LUT, else the first window; None where there is neither or it makes no sense."""
    if image.get("VOILUTSequence"):
        table = _table(image.VOILUTSequence[0], image)
        return table.apply(measured) / table.top
    centre, width = _number(image, "WindowCenter"), _number(image, "WindowWidth")
    if centre is None or width is None or width <= 0:
        return None
    function = str(image.get("VOILUTFunction", "")).strip().upper()
    if function == "SIGMOID":
        return np.asarray(1 / (1 + np.exp(np.clip(-4 * (measured - centre) / width, -700, 700))))
    if function != "LINEAR_EXACT":
        centre, width = centre - 0.5, width - 1
    if width <= 0:
        return (measured > centre).astype(np.float64)
    return np.clip((measured - centre) / width + 0.5, 0, 1)


def _spread(measured: Fractions, edges: Fractions) -> Fractions:
    low, high = float(edges.min()), float(edges.max())
    if high <= low:
        return np.zeros_like(measured)
    return np.clip((measured - low) / (high - low), 0, 1)


def _edges(present: Values, image: Dataset) -> Values:
    """Return the stored values that are black and white where no window says so.

    Unsigned samples are shown over the range that their bits allow, so that equal densities stay equal in
    different pictures; only where 16 bits are claimed, the samples say how many they use. Signed samples are
    shown from their least to their greatest.
    """
    present = present[~_padding_of(present, image)]
    if image.get("ModalityLUTSequence") or present.size == 0 or present.dtype.kind != "u":
        return np.array([present.min(), present.max()]) if present.size else np.zeros(2, np.int64)
    bits = int(image.BitsStored)
    return np.array([0, 2**bits - 1 if bits < CONTAINER_BITS else largest_of(present)])


def _padding_of(values: Values, image: Dataset) -> NDArray[np.bool_]:
    """Tell which values mark places where nothing was recorded."""
    first = _number(image, "PixelPaddingValue")
    if first is None:
        return np.zeros(values.shape, bool)
    last = _number(image, "PixelPaddingRangeLimit")
    low, high = sorted((first, first if last is None else last))
    return np.asarray((values >= low) & (values <= high))


def _is_inverted(image: Dataset) -> bool:
    """Tell whether low values are white: MONOCHROME1, or the shape that goes with it."""
    shape = str(image.get("PresentationLUTShape", "")).strip().upper()
    return image.PhotometricInterpretation == "MONOCHROME1" or shape == "INVERSE"


def _table(item: Dataset, image: Dataset) -> Table:
    return read_table(item, little_endian=bool(image.original_encoding[1]))


def _number(image: Dataset, keyword: str) -> float | None:
    """Return an element's first value; None where it is missing, empty or no number."""
    value: Any = image.get(keyword)
    if isinstance(value, MultiValue | list):
        value = value[0] if len(value) else None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
