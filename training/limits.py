"""Between which values of the gate's statistics a model file may be trusted, and what is said beyond them."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from artifact.appearance import Appearance
from artifact.gate import STATISTICS
from artifact.preprocess import normalise
from contract import GateLimit

GREY = 8.0
"""Colour (0..255) below which a picture has none: JPEG and scanners leave a little."""
BLANK = 4.0
"""Grey values (0..255) spread less than this on blank glass and plain colour only."""
WHITE = (180.0, 250.0)
"""Share of white (0..255) above which an image may, and above which it must, count as over-exposed."""
CODES = {
    "contrast": "blank",
    "brightness": "underexposed",
    "whiteness": "overexposed",
    "colour": "wrong_modality",
    "sharpness": "blurred",
    "foreignness": "not_tissue",
    "domain_distance": "far_from_training_data",
}
"""What each statistic's remark is called; all of them block."""
OTHER = {"mammography": {"foreignness": "far_from_training_data"}}
"""The same where a kind of picture has another word."""

Values = NDArray[np.float32]


Modality = Literal["histopathology", "mammography"]


def find_modality(tiles: Tensor) -> Modality:
    """Tell what kind of picture training images (N, 3, 224, 224), uint8, are: X-ray has no colour."""
    with torch.inference_mode():
        looks = Appearance()(normalise(tiles.float()))
    return "mammography" if looks.basic[:, STATISTICS.index("colour")].median() < GREY else "histopathology"


def open_limits() -> list[GateLimit]:
    """Return limits that nothing crosses, for a file whose statistics are still to be measured."""
    return [_limit(statistic) for statistic in STATISTICS]


def draw_limits(
    measured: Values, data_sets: Sequence[str], modality: Modality = "histopathology"
) -> list[GateLimit]:
    """Return the limits of a file, from what it says of its validation images.

    Every data set keeps its own: the most lenient one counts. The room beyond what was seen is for patients
    and laboratories that were not.

    Args:
        measured: The gate's statistics (N, K); foreignness and distance are scaled already.
        data_sets: Which data set each image belongs to (N,).
        modality: What kind of picture they are.
    """
    names = np.array(data_sets)
    columns = dict(zip(STATISTICS, measured.T, strict=True))
    sets = {name: {s: column[names == name] for s, column in columns.items()} for name in set(data_sets)}
    limits = [
        _limit("contrast", low=min(BLANK, 0.5 * _lowest(sets, "contrast", 0.005))),
        _limit("brightness", low=0.5 * _lowest(sets, "brightness", 0.005)),
        _limit("whiteness", high=float(np.clip(1.5 * _highest(sets, "whiteness", 0.995), *WHITE))),
        _limit_colour(sets),
        _limit("sharpness", low=0.3 * _lowest(sets, "sharpness", 0.02)),
        _limit("foreignness", high=0.0),
        _limit("domain_distance", high=1.0),
    ]
    others = OTHER.get(modality, {})
    return [limit.model_copy(update={"code": others.get(limit.statistic, limit.code)}) for limit in limits]


Sets = Mapping[str, Mapping[str, Values]]


def _limit(statistic: str, low: float | None = None, high: float | None = None) -> GateLimit:
    return GateLimit(statistic=statistic, low=low, high=high, code=CODES[statistic], blocks=True)


def _lowest(sets: Sets, statistic: str, share: float) -> float:
    return min(float(np.quantile(columns[statistic], share)) for columns in sets.values())


def _highest(sets: Sets, statistic: str, share: float) -> float:
    return max(float(np.quantile(columns[statistic], share)) for columns in sets.values())


def _limit_colour(sets: Sets) -> GateLimit:
    """Ask for colour where all data sets have it, for none where none has, and for nothing otherwise."""
    if _lowest(sets, "colour", 0.05) > GREY:
        return _limit("colour", low=min(GREY, 0.5 * _lowest(sets, "colour", 0.005)))
    if _highest(sets, "colour", 0.95) < GREY:
        return _limit("colour", high=max(GREY, 1.5 * _highest(sets, "colour", 0.995)))
    return _limit("colour")


def is_unusable(gate: Sequence[GateLimit], values: Values) -> NDArray[np.bool_]:
    """Return for each row of `values` (N, K) whether a limit that blocks is crossed."""
    low = np.array([-np.inf if limit.low is None else limit.low for limit in gate])
    high = np.array([np.inf if limit.high is None else limit.high for limit in gate])
    blocks = np.array([limit.blocks for limit in gate])
    crossed = ~((values >= low) & (values <= high))
    return np.asarray((crossed & blocks).any(axis=1))
