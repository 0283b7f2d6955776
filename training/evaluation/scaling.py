"""From logits to probabilities: a temperature, and a bias a class (bias-corrected temperature scaling).

Alexandari, Kundaje & Shrikumar 2020 (ICML, PMLR 119:222-232); with two classes it is Platt's method (1999).
A temperature alone (Guo et al. 2017) cannot move the mean: a network that drew its classes evenly says
malignant too often where malignancy is rarer.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from training.evaluation.outcomes import Labels, Values

LOGARITHMS = (-3.0, 3.0)
"""Bounds of the temperature's logarithm: 0.05 to 20."""
LARGEST_BIAS = 10.0


class Scaling(NamedTuple):
    """softmax(logits / temperature + bias)."""

    temperature: float
    bias: tuple[float, ...]
    """One a class; their mean is 0."""
    prior: tuple[float, ...]
    """Share of each class among the samples that it was fitted on, as they were weighted."""

    def apply(self, logits: NDArray[np.floating]) -> Values:
        """Return probabilities (N, C) for logits (N, C)."""
        return np.asarray(softmax(logits.astype(np.float64) / self.temperature + np.array(self.bias), axis=1))


def fit_scaling(logits: NDArray[np.floating], labels: Labels, weights: Values | None = None) -> Scaling:
    """Fit temperature and bias by the least log loss.

    Truth is softened as Platt did, a class of n samples to (n + 1) / (n + C), so that a network which makes
    no mistake on the few samples here does not come out infinitely sure.

    Args:
        logits: (N, C), or logarithms of probabilities.
        labels: Class indices (N,).
        weights: How much each sample counts (N,). 1 by default, so that probabilities hold where classes are
            as common as here.
    """
    values = logits.astype(np.float64)
    count, classes = values.shape
    weights = np.ones(count) if weights is None else weights
    targets = _soften(labels, classes)

    def loss(parameters: Values) -> tuple[float, Values]:
        sharpness, bias = np.exp(-parameters[0]), parameters[1:]
        logarithms = log_softmax(values * sharpness + bias, axis=1)
        excess = weights[:, None] * (np.exp(logarithms) - targets) / count
        total = -float((weights[:, None] * targets * logarithms).sum()) / count
        slopes = [-sharpness * float((excess * values).sum()), *(excess.sum(axis=0) + SMALL * bias)]
        return total + SMALL * float(bias @ bias) / 2, np.array(slopes)

    bounds = [LOGARITHMS] + [(-LARGEST_BIAS, LARGEST_BIAS)] * classes
    found = minimize(loss, np.zeros(classes + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    shares = np.bincount(labels, weights, classes) / weights.sum()
    bias = found[1:] - found[1:].mean()
    return Scaling(float(np.exp(found[0])), tuple(bias.tolist()), tuple(shares.tolist()))


SMALL = 1e-6
"""Weight that keeps the biases, of which only differences matter, from drifting together."""


def _soften(labels: Labels, classes: int) -> Values:
    """Return the target probabilities (N, C)."""
    counts = np.bincount(labels, minlength=classes)[labels][:, None]
    truth = np.eye(classes)[labels]
    return np.asarray((counts * truth + 1) / (counts + classes))
