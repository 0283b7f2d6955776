"""The figures of a test, each of several weightings of the ranked outcomes at once.

Accuracy, precision, recall, specificity and F1 are at the threshold, malignant being the class that is
looked for. Where a figure is not defined, as AUC is not for one class alone, it is NaN.
"""

from collections.abc import Callable

import numpy as np

from training.evaluation.calibration import measure_ece, measure_shift, measure_slope
from training.evaluation.outcomes import Values
from training.evaluation.ranking import Draws, divide

Figure = Callable[[Draws], Values]
"""From draws to one number each (D,)."""


def measure_auc(draws: Draws) -> Values:
    """Return the area under the ROC curve: how often a malignant image ranks above a benign one."""
    malignant, benign = draws.steps
    above = np.cumsum(malignant, axis=1) - malignant / 2
    return divide((benign * above).sum(axis=1), malignant.sum(axis=1) * benign.sum(axis=1))


def measure_average_precision(draws: Draws) -> Values:
    """Return the area under the precision-recall curve, as average precision (no interpolation)."""
    malignant, benign = draws.steps
    found = np.cumsum(malignant, axis=1)
    called = found + np.cumsum(benign, axis=1)
    precision = np.divide(found, called, out=np.zeros_like(found), where=called > 0)
    return divide((malignant * precision).sum(axis=1), malignant.sum(axis=1))


def _accuracy(draws: Draws) -> Values:
    return draws.share(None, draws.ranking.outcomes.called == draws.ranking.malignant)


def _recall(draws: Draws) -> Values:
    return draws.share(draws.ranking.malignant, draws.ranking.outcomes.called)


def _specificity(draws: Draws) -> Values:
    return draws.share(~draws.ranking.malignant, ~draws.ranking.outcomes.called)


def _balanced_accuracy(draws: Draws) -> Values:
    return (_recall(draws) + _specificity(draws)) / 2


def _precision(draws: Draws) -> Values:
    # 0, as scikit-learn has it, where nothing is called malignant: a young network often calls nothing so.
    return np.nan_to_num(draws.share(draws.ranking.outcomes.called, draws.ranking.malignant))


def _f1(draws: Draws) -> Values:
    called, malignant = draws.ranking.outcomes.called, draws.ranking.malignant
    return divide(2 * draws.count(called & malignant), draws.count(called) + draws.count(malignant))


def _brier(draws: Draws) -> Values:
    return divide(draws.weights @ draws.ranking.errors, draws.weights.sum(axis=1))


def _indeterminate(draws: Draws) -> Values:
    return draws.share(None, draws.ranking.outcomes.undecided)


FIGURES: dict[str, Figure] = {
    "auc": measure_auc,
    "pr_auc": measure_average_precision,
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "precision": _precision,
    "recall": _recall,
    "specificity": _specificity,
    "f1": _f1,
    "brier": _brier,
    "ece": measure_ece,
    "calibration_slope": measure_slope,
    "calibration_intercept": measure_shift,
    "indeterminate": _indeterminate,
}
"""Every figure of a test, in the order in which they are shown; recall is sensitivity."""

BRIEF = ("auc", "recall", "specificity")
"""The figures of a subgroup."""
