"""Whether probabilities mean what they say: reliability, its error, and logistic recalibration."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.evaluation.logistic import fit_line
from training.evaluation.outcomes import Values
from training.evaluation.ranking import Draws, Ranking

BINS = 15
"""Groups of equally many images (Guo et al. 2017 take 15 groups, Nixon et al. 2019 equally full ones)."""
SIMULATIONS = 1000
MANY, GRAIN = 4096, 0.005
"""Steps from which on logits are rounded for a logistic fit, and to what."""
EDGE = 1e-6
"""Probabilities are kept this far from 0 and 1 where their logits are needed."""


class Bins(NamedTuple):
    """Groups of rows of similar probability; empty ones are left out."""

    weights: Values
    """(B,)"""
    predicted: Values
    """Mean probability (B,)."""
    observed: Values
    """Share of malignant rows (B,)."""


def fill_bins(ranking: Ranking) -> Bins:
    """Return at most `BINS` groups of about equal size; rows of equal probability stay together."""
    whole, predicted, malignant = (sums[0] for sums in _sum_bins(Draws(ranking)))
    filled = whole > 0
    return Bins(whole[filled], predicted[filled] / whole[filled], malignant[filled] / whole[filled])


def measure_ece(draws: Draws) -> Values:
    """Return the expected calibration error: the mean distance of observed shares from predicted ones."""
    whole, predicted, malignant = _sum_bins(draws)
    return np.asarray(np.abs(predicted - malignant).sum(axis=1) / whole.sum(axis=1))


def _sum_bins(draws: Draws) -> tuple[Values, Values, Values]:
    """Return weight, summed probability and malignant weight of each group (D, B)."""
    malignant, benign = draws.steps
    weights = malignant + benign
    groups = _place(weights) + BINS * np.arange(len(weights))[:, None]

    def add(column: Values) -> Values:
        sums = np.bincount(groups.ravel(), column.ravel(), BINS * len(weights))
        return np.asarray(sums, dtype=np.float64).reshape(len(weights), BINS)

    return add(weights), add(weights * draws.ranking.steps), add(malignant)


def _place(weights: Values) -> NDArray[np.int64]:
    """Return each step's group (D, S): the one in which the middle of its weight lies."""
    middles = np.cumsum(weights, axis=1) - weights / 2
    shares = middles / weights.sum(axis=1, keepdims=True)
    return np.asarray(np.minimum(shares * BINS, BINS - 1), dtype=np.int64)


def simulate_ece(ranking: Ranking, quantile: float = 0.95, draws: int = SIMULATIONS) -> float:
    """Return that quantile of the error which a perfectly calibrated model shows on as many images.

    Each simulation draws every row's truth anew with just the probability that was predicted for it. Rows are
    drawn one by one: images of one patient resemble each other, so the bound is strict.
    """
    rng = np.random.default_rng(0)
    values = ranking.outcomes.values
    counts = ranking.sum_steps(np.ones((1, len(values))))
    groups = np.repeat(_place(counts)[0], counts[0].astype(np.int64))
    errors = np.zeros(draws)
    for index in range(draws):
        excess = values - (rng.random(len(values)) < values)
        errors[index] = np.abs(np.bincount(groups, excess)).sum() / len(values)
    return float(np.quantile(errors, quantile))


def measure_slope(draws: Draws) -> Values:
    """Return the slope of the log-odds of malignancy over the logit of the probability (Cox 1958).

    Below 1 probabilities are too extreme. NaN where none exists: with one class only, and where a cut
    separates the classes.
    """
    slopes = fit_line(*_gather(draws), slope=True)[:, 1]
    return np.asarray(np.where(_overlaps(draws), slopes, np.nan))


def measure_shift(draws: Draws) -> Values:
    """Return calibration-in-the-large: the intercept with the slope held at 1 (Steyerberg 2009).

    Above 0 malignancy is commoner than predicted, below 0 rarer. NaN with one class only.
    """
    malignant, benign = draws.steps
    both = (malignant.sum(axis=1) > 0) & (benign.sum(axis=1) > 0)
    return np.asarray(np.where(both, fit_line(*_gather(draws), slope=False)[:, 0], np.nan))


def _gather(draws: Draws) -> tuple[Values, Values, Values]:
    """Return logits (S,), and malignant and benign weights (D, S), of steps or, if these are many, of grains.

    A hundred thousand probabilities and as many draws would take hours, and change no shown digit.
    """
    inside = np.clip(draws.ranking.steps, EDGE, 1 - EDGE)
    logits = np.log(inside) - np.log1p(-inside)
    malignant, benign = draws.steps
    if len(logits) <= MANY:
        return logits, malignant, benign
    grains = np.round(logits / GRAIN)
    first = np.flatnonzero(np.append(True, np.diff(grains) != 0))
    return grains[first] * GRAIN, np.add.reduceat(malignant, first, 1), np.add.reduceat(benign, first, 1)


def _overlaps(draws: Draws) -> NDArray[np.bool_]:
    """Tell of each draw whether neither class lies wholly above the other; else no line is the steepest."""
    (highest, lowest), (top, bottom) = (_span(each) for each in draws.steps)
    return np.asarray((lowest > top) & (bottom > highest))


def _span(weights: Values) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each draw's first and last step of any weight (D,); of none the first lies behind the last."""
    there = weights > 0
    count = weights.shape[1]
    first = np.where(there.any(axis=1), there.argmax(axis=1), count)
    last = np.where(there.any(axis=1), count - 1 - there[:, ::-1].argmax(axis=1), -1)
    return first, last
