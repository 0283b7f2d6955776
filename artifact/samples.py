"""Samples of more than eight bits, brought to eight."""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""Shape (height, width, 3), RGB."""
Grey = NDArray[np.uint8]
"""Shape (height, width)."""

USUAL_RANGES = (255, 4095, 65535)
"""Largest values of 8, 12 and 16 bits."""
BYTE_STEPS = (256, 257)
"""By what 8-bit pictures are multiplied when they are saved with 16 bits."""


def largest_of(values: NDArray[np.generic]) -> int:
    """Return what white is for unsigned samples of unknown range: the smallest usual one that holds them.

    Cameras of 12 bits save containers of 16 as they are, and such a picture would otherwise be black. A dark
    picture of 8 bits that was spread over 16 is known by its steps and keeps the whole range.
    """
    high = int(values.max())
    top = next((usual for usual in USUAL_RANGES if high <= usual), high)
    whole = USUAL_RANGES[-1]
    spread = top < whole and values.dtype.itemsize > 1 and high > 0 and _is_spread(values)
    return whole if spread else top


def _is_spread(values: NDArray[np.generic]) -> bool:
    return any(not np.any(np.remainder(np.asarray(values), step)) for step in BYTE_STEPS)


def to_eight_bits(values: NDArray[np.generic], low: float, high: float) -> Grey:
    """Map `low` to 0 and `high` to 255, rounding; what lies beyond is cut to them."""
    scaled = values.astype(np.float32)
    scaled -= np.float32(low)
    scaled *= np.float32(255 / (high - low)) if high > low else np.float32(0)
    np.rint(scaled, out=scaled)
    np.clip(scaled, 0, 255, out=scaled)
    return scaled.astype(np.uint8)


def as_rgb(grey: Grey) -> Pixels:
    """Give the three channels the same grey."""
    return np.repeat(grey[:, :, None], 3, axis=2)
