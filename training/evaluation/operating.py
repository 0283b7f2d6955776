"""The operating point: where a probability becomes benign, malignant, or neither."""

from typing import NamedTuple

import numpy as np
from sklearn.metrics import roc_curve

from contract import Band, OperatingPoint
from training.evaluation.outcomes import Labels, Values


class Aim(NamedTuple):
    """What the band keeps on the samples that it is chosen on."""

    sensitivity: float = 0.95
    """Share of the malignant samples that lie at or above its lower edge, at least."""
    specificity: float = 0.90
    """Share of the benign samples that lie below its upper edge, at least."""


AIM = Aim()


def choose_operating_point(
    labels: Labels, malignant: Values, weights: Values | None = None, aim: Aim = AIM
) -> OperatingPoint:
    """Choose the threshold that maximises balanced accuracy, and the band around it.

    Below `low` lie at most `1 - aim.sensitivity` of the malignant samples; from `high` on at most
    `1 - aim.specificity` of the benign ones. Where one cut does both, the band shrinks to the threshold.

    Args:
        labels: 1 malignant, 0 benign (N,); both must occur.
        malignant: Probability of malignancy (N,).
        weights: How much each sample counts (N,); evenly by default.
        aim: What the band is to keep.
    """
    false_rates, true_rates, cuts = roc_curve(
        labels, malignant, sample_weight=weights, drop_intermediate=False
    )
    cuts = _between(cuts, malignant)
    threshold = float(cuts[np.argmax(true_rates - false_rates)])
    # Rates are sums of weights: what is a hair's breadth off is rounding.
    low = float(cuts[np.argmax(true_rates >= aim.sensitivity - ROUNDING)])
    high = float(cuts[np.flatnonzero(false_rates <= 1 - aim.specificity + ROUNDING)[-1]])
    band = Band(low=min(low, threshold), high=max(high, threshold))
    return OperatingPoint(threshold=threshold, band=band, **aim._asdict())


ROUNDING = 1e-12


def _between(cuts: Values, malignant: Values) -> Values:
    """Move each cut halfway down to the next lower probability: the same decisions, but not on the edge."""
    seen = np.unique(np.append(malignant, 0.0))
    below = seen[np.maximum(np.searchsorted(seen, np.minimum(cuts, 2.0)) - 1, 0)]
    return np.asarray(np.where(np.isinf(cuts), (1.0 + below) / 2, (cuts + below) / 2))
