"""Intervals: the figures again and again, on patients drawn with replacement."""

from collections.abc import Iterator, Mapping

import numpy as np
from tqdm import tqdm

from training.evaluation.extremes import TAIL, Estimate, bound_extreme, is_varied
from training.evaluation.figures import Figure
from training.evaluation.outcomes import Outcomes, Values
from training.evaluation.ranking import Draw, Ranking

DRAWS = 1000
INTERVAL_METHOD = (
    f"95 % percentile interval, {DRAWS} bootstrap draws of whole patients; a draw that lacks what a figure "
    "needs is left out of it; where every draw is the same, the bound that as many patients allow (exact "
    "binomial; Newcombe 2006 for AUC)"
)
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
    defined = drawn[~np.isnan(drawn)]
    if np.isnan(value) or not len(defined) or not is_varied(name, outcomes):
        return NOTHING._replace(value=value)
    extreme = bound_extreme(name, value, outcomes)
    if extreme is not None:
        return extreme
    low, high = np.percentile(defined, [TAIL, 100 - TAIL])
    return Estimate(value, min(float(low), value), max(float(high), value))
