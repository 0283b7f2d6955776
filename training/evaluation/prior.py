"""Probabilities moved to another share of malignant images."""

import numpy as np

from training.evaluation.calibration import EDGE
from training.evaluation.outcomes import Values


def move_prior(malignant: Values, fitted: float, wanted: float) -> Values:
    """Return probabilities (N,) that hold at the share `wanted`, from ones that hold at `fitted`.

    Exact where images of either class look the same in both places (Saerens, Latinne & Decaestecker 2002,
    Neural Computation 14:21-41).

    Args:
        malignant: Probabilities of malignancy (N,).
        fitted: Share of malignant images that they were calibrated on, above 0 and below 1.
        wanted: The other share.
    """
    inside = np.clip(malignant, EDGE, 1 - EDGE)
    odds = inside / (1 - inside) * (wanted / (1 - wanted)) / (fitted / (1 - fitted))
    return np.asarray(odds / (1 + odds))
