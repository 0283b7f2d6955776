"""Intervals: the figures again and again, on patients drawn with replacement."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from training.evaluation.figures import Figure
from training.evaluation.outcomes import Flags, Outcomes, Values
from training.evaluation.ranking import Draw, Ranking

DRAWS = 1000
TAIL = 2.5
"""Per cent of the draws beyond either end of an interval."""
INTERVAL_METHOD = (
    f"95 % percentile interval, {DRAWS} bootstrap draws of whole patients; a draw that lacks what a figure "
    "needs is left out of it; a share of 0 or 1, of which every draw is the same, has the exact binomial "
    "bound that as many patients allow"
)


class Estimate(NamedTuple):
    """A figure with its 95 % interval; NaN where it is not defined."""

    value: float
    low: float
    high: float


NOTHING = Estimate(float("nan"), float("nan"), float("nan"))


def draw_patients(outcomes: Outcomes, seed: int = 0) -> Iterator[Values]:
    """Yield `DRAWS` times how often each row counts (N,): patients come whole, always in the same draws.

    One draw is held at a time, so that memory does not grow with their number.
    """
    rng = np.random.default_rng(seed)
    count = int(outcomes.patients.max()) + 1
    for _ in range(DRAWS):
        times = np.bincount(rng.integers(count, size=count), minlength=count)
        yield times[outcomes.patients].astype(np.float64)


def estimate(outcomes: Outcomes, figures: Mapping[str, Figure], title: str = "") -> dict[str, Estimate]:
    """Return each figure of the outcomes with its interval over patients."""
    if not len(outcomes.labels):
        return dict.fromkeys(figures, NOTHING)
    ranking = Ranking(outcomes)
    whole = _measure(Draw(ranking), figures)
    drawn = np.full((DRAWS, len(figures)), np.nan)
    bar = tqdm(
        draw_patients(ranking.outcomes), desc=title, total=DRAWS, unit="draw", leave=False, disable=None
    )
    for row, weights in enumerate(bar):
        drawn[row] = _measure(Draw(ranking, weights), figures)
    return {
        name: _bound(name, value, drawn[:, column], ranking.outcomes)
        for column, (name, value) in enumerate(zip(figures, whole, strict=True))
    }


def _measure(draw: Draw, figures: Mapping[str, Figure]) -> list[float]:
    return [figure(draw) for figure in figures.values()]


def _bound(name: str, value: float, drawn: Values, outcomes: Outcomes) -> Estimate:
    """Return the interval; it always holds the value, which skewed draws would sometimes leave outside."""
    if np.isnan(value):
        return NOTHING
    if name in TRIALS and value in {0.0, 1.0}:
        return bound_share(value, _count_patients(outcomes, name))
    low, high = np.nanpercentile(drawn, [TAIL, 100 - TAIL])
    return Estimate(value, min(float(low), value), max(float(high), value))


def bound_share(value: float, trials: int) -> Estimate:
    """Return the exact interval of a share of 0 or 1 (Clopper & Pearson 1934), each patient one trial."""
    reach = (TAIL / 100) ** (1 / max(trials, 1))
    return Estimate(value, reach, 1.0) if value else Estimate(value, 0.0, 1 - reach)


TRIALS = frozenset({"accuracy", "precision", "recall", "specificity", "indeterminate"})
"""The figures that are a share of images."""


def _count_patients(outcomes: Outcomes, name: str) -> int:
    """Return of how many patients the images are that a share is of."""
    among: dict[str, Flags] = {
        "recall": outcomes.labels == 1,
        "specificity": outcomes.labels == 0,
        "precision": outcomes.called,
    }
    rows = among.get(name, np.ones(len(outcomes.labels), dtype=bool))
    return len(np.unique(outcomes.patients[rows]))
