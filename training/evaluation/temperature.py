"""The temperature alone, as older model files have it."""

import numpy as np
from scipy.optimize import minimize_scalar

from training.evaluation.operating import weigh_evenly
from training.scoring import Scores


def fit_temperature(scores: Scores) -> float:
    """Return the temperature that minimises the log loss of softmax(logits / T) (Guo et al. 2017).

    Each class of each data set counts the same.
    """
    weights, rows = weigh_evenly(scores.samples), np.arange(len(scores.samples))

    def log_loss(logarithm: float) -> float:
        chosen = scores.probabilities(float(np.exp(logarithm)))[rows, scores.labels]
        return float(np.mean(-weights * np.log(np.maximum(chosen, 1e-12))))

    found = minimize_scalar(log_loss, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return float(np.exp(found.x))
