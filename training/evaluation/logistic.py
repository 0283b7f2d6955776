"""Logistic regression on one variable, of many weightings at once."""

import numpy as np
from scipy.special import expit

from training.evaluation.outcomes import Values

STEPS = 60
CLOSE = 1e-8
"""Steps that are smaller change nothing that is ever shown."""


def fit_line(logits: Values, malignant: Values, benign: Values, *, slope: bool) -> Values:
    """Return intercept and slope (D, 2) of the log-odds of malignancy over `logits`.

    Newton's method with halved steps. NaN where the likelihood has no maximum.

    Args:
        logits: Of the predicted probabilities (S,).
        malignant: Weight of the malignant rows at each (D, S).
        benign: Weight of the benign rows at each (D, S).
        slope: Whether to fit it; otherwise it is held at 1.
    """
    found = np.zeros((len(malignant), 2))
    found[:, 1] = 0.0 if slope else 1.0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(STEPS):
            step = _step(found, logits, malignant, benign, slope=slope)
            step = _shorten(found, step, logits, malignant, benign)
            found = found + step
            if np.abs(step)[np.isfinite(step)].max(initial=0.0) <= CLOSE:
                break
    found[~(np.abs(step).max(axis=1) <= CLOSE)] = np.nan
    return found


def _step(found: Values, logits: Values, malignant: Values, benign: Values, *, slope: bool) -> Values:
    """Return Newton's step (D, 2)."""
    chance = expit(found[:, :1] + found[:, 1:] * logits)
    excess = malignant - (malignant + benign) * chance
    bend = (malignant + benign) * chance * (1 - chance)
    first, second, third = bend.sum(axis=1), bend @ logits, bend @ logits**2
    if not slope:
        return np.stack([excess.sum(axis=1) / first, np.zeros(len(found))], axis=1)
    across, along = excess.sum(axis=1), excess @ logits
    area = first * third - second**2
    return np.stack(
        [(third * across - second * along) / area, (first * along - second * across) / area], axis=1
    )


def _shorten(found: Values, step: Values, logits: Values, malignant: Values, benign: Values) -> Values:
    """Halve each draw's step until it makes nothing worse."""
    before = _lose(found, logits, malignant, benign)
    for _ in range(STEPS):
        worse = _lose(found + step, logits, malignant, benign) > before + CLOSE
        if not worse.any():
            break
        step = np.where(worse[:, None], step / 2, step)
    return step


def _lose(found: Values, logits: Values, malignant: Values, benign: Values) -> Values:
    """Return the negative log-likelihood of each draw (D,)."""
    scores = found[:, :1] + found[:, 1:] * logits
    return np.asarray(((malignant + benign) * np.logaddexp(0, scores) - malignant * scores).sum(axis=1))
