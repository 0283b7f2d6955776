"""Whether probabilities mean what they say: reliability, its error, and logistic recalibration."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from training.evaluation.outcomes import Values
from training.evaluation.ranking import Draw, Ranking

BINS = 15
"""Groups of equally many images (Guo et al. 2017 take 15 groups, Nixon et al. 2019 equally full ones)."""
SIMULATIONS = 1000
EDGE = 1e-6
"""Probabilities are kept this far from 0 and 1 where their logits are needed."""
STEPS = 50
CLOSE = 1e-8
"""Steps that are smaller change nothing that is ever shown."""


class Bins(NamedTuple):
    """Groups of rows of similar probability; empty ones are left out."""

    weights: Values
    """(B,)"""
    predicted: Values
    """Mean probability (B,)."""
    observed: Values
    """Share of malignant rows (B,)."""


def fill_bins(draw: Draw, count: int = BINS) -> Bins:
    """Return at most `count` groups of about equal weight; rows of equal probability stay together."""
    malignant, benign = draw.steps
    weights = malignant + benign
    rows = _place(weights, count)
    columns = (weights, weights * draw.ranking.steps, malignant)
    whole, predicted, observed = (np.asarray(np.bincount(rows, each, count), dtype=float) for each in columns)
    filled = whole > 0
    return Bins(whole[filled], predicted[filled] / whole[filled], observed[filled] / whole[filled])


def _place(weights: Values, count: int) -> NDArray[np.int64]:
    """Return each step's group (S,): the one in which the middle of its weight lies."""
    middles = np.cumsum(weights) - weights / 2
    return np.asarray(np.minimum(middles / weights.sum() * count, count - 1), dtype=np.int64)


def measure_ece(draw: Draw) -> float:
    """Return the expected calibration error: the mean distance of observed shares from predicted ones."""
    bins = fill_bins(draw)
    return float(np.average(np.abs(bins.predicted - bins.observed), weights=bins.weights))


def simulate_ece(ranking: Ranking, quantile: float = 0.95, draws: int = SIMULATIONS) -> float:
    """Return that quantile of the error which a perfectly calibrated model shows on as many images.

    Each simulation draws every row's truth anew with just the probability that was predicted for it. Rows are
    drawn one by one: images of one patient resemble each other, so the bound is strict.
    """
    rng = np.random.default_rng(0)
    values = ranking.outcomes.values
    groups = np.repeat(*_groups(ranking))
    errors = np.zeros(draws)
    for index in range(draws):
        excess = values - (rng.random(len(values)) < values)
        errors[index] = np.abs(np.bincount(groups, excess)).sum() / len(values)
    return float(np.quantile(errors, quantile))


def _groups(ranking: Ranking) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each step's group and how many rows it has."""
    counts = ranking.sum_steps(np.ones(len(ranking.malignant)))
    return _place(counts, BINS), counts.astype(np.int64)


class Line(NamedTuple):
    """Logistic recalibration: the log-odds of malignancy are `intercept + slope * logit(probability)`."""

    intercept: float
    slope: float


def recalibrate(draw: Draw) -> Line:
    """Fit intercept and slope (Cox 1958); below 1 the slope says that probabilities are too extreme.

    NaN where they do not exist: with one class only, and where a cut separates the classes.
    """
    if not _overlaps(draw):
        return Line(float("nan"), float("nan"))
    logits = _logits(draw)
    columns = np.stack([np.ones_like(logits), logits])
    return Line(*_fit(draw, columns, np.zeros_like(logits)).tolist())


def shift(draw: Draw) -> float:
    """Return calibration-in-the-large: the intercept with the slope held at 1 (Steyerberg 2009).

    Above 0 malignancy is commoner than predicted, below 0 rarer. NaN with one class only.
    """
    if not 0 < float(draw.malignant.sum()) < float(draw.weights.sum()):
        return float("nan")
    logits = _logits(draw)
    return float(_fit(draw, np.ones((1, len(logits))), logits)[0])


def _logits(draw: Draw) -> Values:
    inside = np.clip(draw.ranking.outcomes.values, EDGE, 1 - EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def _overlaps(draw: Draw) -> bool:
    """Tell whether neither class lies wholly above the other, so that a steepest line does not exist."""
    malignant = draw.ranking.outcomes.values[draw.malignant > 0]
    benign = draw.ranking.outcomes.values[draw.weights > draw.malignant]
    if not len(malignant) or not len(benign):
        return False
    return bool(malignant.min() < benign.max() and benign.min() < malignant.max())


def _fit(draw: Draw, columns: Values, offset: Values) -> Values:
    """Maximise the likelihood by Newton's method with halved steps; NaN where it has no maximum."""

    def loss(parameters: Values) -> float:
        scores = parameters @ columns + offset
        return float(draw.weights @ np.logaddexp(0, scores) - draw.malignant @ scores)

    found = np.zeros(len(columns))
    for _ in range(STEPS):
        chance = expit(found @ columns + offset)
        gradient = columns @ (draw.malignant - draw.weights * chance)
        curvature = (columns * (draw.weights * chance * (1 - chance))) @ columns.T
        try:
            step = np.linalg.solve(curvature, gradient)
        except np.linalg.LinAlgError:
            break
        before = loss(found)
        while np.abs(step).max() > CLOSE and not loss(found + step) <= before:
            step = step / 2
        found = found + step
        if np.abs(step).max() <= CLOSE:
            return found
    return np.full(len(columns), np.nan)
