"""Intervals: the figures again and again, on patients drawn with replacement."""

from collections.abc import Iterator, Mapping

import numpy as np
from tqdm import tqdm

from training.evaluation.extremes import TAIL, Estimate, bound_extreme, is_varied
from training.evaluation.figures import Figure
from training.evaluation.outcomes import Outcomes, Values
from training.evaluation.ranking import Draws, Ranking

DRAWS = 1000
CELLS = 500_000
"""Rows times draws that are held at a time."""
INTERVAL_METHOD = (
    f"95 % percentile interval, {DRAWS} bootstrap draws of whole patients; a draw that lacks what a figure "
    "needs is left out of it; where every draw is the same, the bound that as many patients allow (exact "
    "binomial; Newcombe 2006 for AUC)"
)
NOTHING = Estimate(float("nan"), float("nan"), float("nan"))


def draw_patients(outcomes: Outcomes, seed: int = 0) -> Iterator[Values]:
    """Yield how often each row counts in each of `DRAWS` draws, some draws at a time (D, N).

    Patients come whole, always in the same draws. What is held at a time does not grow with their number.
    """
    rng = np.random.default_rng(seed)
    count, rows = int(outcomes.patients.max()) + 1, len(outcomes.patients)
    size = max(1, CELLS // rows)
    for start in range(0, DRAWS, size):
        times = [
            np.bincount(rng.integers(count, size=count), minlength=count)
            for _ in range(min(size, DRAWS - start))
        ]
        yield np.array(times, dtype=np.float64)[:, outcomes.patients]


def estimate(outcomes: Outcomes, figures: Mapping[str, Figure], title: str = "") -> dict[str, Estimate]:
    """Return each figure of the outcomes with its interval over patients."""
    if not figures or not len(outcomes.labels):
        return dict.fromkeys(figures, NOTHING)
    ranking = Ranking(outcomes)
    whole = _measure(Draws(ranking), figures)[0]
    parts = []
    with tqdm(desc=title, total=DRAWS, unit="draw", leave=False, disable=None) as bar:
        for weights in draw_patients(ranking.outcomes):
            parts.append(_measure(Draws(ranking, weights), figures))
            bar.update(len(weights))
    drawn = np.concatenate(parts)
    return {
        name: _bound(name, float(whole[column]), drawn[:, column], ranking.outcomes)
        for column, name in enumerate(figures)
    }


def _measure(draws: Draws, figures: Mapping[str, Figure]) -> Values:
    """Return every figure of every draw (D, figures)."""
    return np.stack([figure(draws) for figure in figures.values()], axis=1)


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
