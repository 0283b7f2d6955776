"""Intervals of figures that are exactly 0 or 1, of which every bootstrap draw is the same."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from training.evaluation.outcomes import Flags, Outcomes

TAIL = 2.5
"""Per cent beyond either end of an interval."""
Z = 1.959964
"""Standard normal deviate of a 95 % interval."""


class Estimate(NamedTuple):
    """A figure with its 95 % interval; NaN where it is not defined."""

    value: float
    low: float
    high: float


def bound_extreme(name: str, value: float, outcomes: Outcomes) -> Estimate | None:
    """Return the interval of a figure that is 0 or 1; None if it is not that, or no share."""
    if value not in {0.0, 1.0}:
        return None
    if name == "auc":
        return bound_auc(value, *count_patients(outcomes))
    return bound_share(value, TRIALS[name](outcomes)) if name in TRIALS else None


def bound_share(value: float, trials: int) -> Estimate:
    """Return the exact interval of a share of 0 or 1 (Clopper & Pearson 1934), each patient one trial."""
    reach = (TAIL / 100) ** (1 / max(trials, 1))
    return Estimate(value, reach, 1.0) if value else Estimate(value, 0.0, 1 - reach)


def bound_auc(value: float, malignant: int, benign: int) -> Estimate:
    """Return the interval of an AUC of 0 or 1 from so many patients.

    Newcombe 2006, Statistics in Medicine 25:559-573, method 5.
    """
    spread = Z**2 / max(malignant * benign, 1)
    half = max((malignant + benign) / 2 - 1, 0.0)

    def miss(area: float) -> float:
        inner = 1 + half * ((1 - area) / (2 - area) + area / (1 + area))
        return (1 - area) - spread * area * inner

    low = float(brentq(miss, 0.0, 1.0))
    return Estimate(value, low, 1.0) if value else Estimate(value, 0.0, 1 - low)


def count_patients(outcomes: Outcomes) -> tuple[int, int]:
    """Return how many patients have malignant images, and how many have benign ones."""
    return _count(outcomes, outcomes.labels == 1), _count(outcomes, outcomes.labels == 0)


def _count(outcomes: Outcomes, rows: Flags) -> int:
    return len(np.unique(outcomes.patients[rows]))


def _count_scarcer(outcomes: Outcomes) -> int:
    return min(count_patients(outcomes))


TRIALS: dict[str, Callable[[Outcomes], int]] = {
    "accuracy": lambda outcomes: len(np.unique(outcomes.patients)),
    "indeterminate": lambda outcomes: len(np.unique(outcomes.patients)),
    "recall": lambda outcomes: count_patients(outcomes)[0],
    "specificity": lambda outcomes: count_patients(outcomes)[1],
    "precision": lambda outcomes: _count(outcomes, outcomes.called),
    "balanced_accuracy": _count_scarcer,
    "pr_auc": _count_scarcer,
    "f1": _count_scarcer,
}
"""Of how many patients each share is: those of the class it is about, or of the scarcer one."""
LEAST = 2
"""Patients from whom a figure varies at all."""


def is_varied(name: str, outcomes: Outcomes) -> bool:
    """Tell whether enough patients stand behind a figure for draws of them to say how sure it is."""
    malignant, benign = count_patients(outcomes)
    of = {"recall": malignant, "specificity": benign}
    classes = [count for count in (malignant, benign) if count]
    return of.get(name, min(classes, default=0)) >= LEAST
