"""The figures of a test, each from one weighting of the ranked outcomes.

Accuracy, precision, recall, specificity and F1 are at the threshold, malignant being the class that is
looked for. Where a figure is not defined, as AUC is not for one class alone, it is NaN.
"""

from collections.abc import Callable

import numpy as np

from training.evaluation.calibration import measure_ece, recalibrate, shift
from training.evaluation.ranking import Draw

Figure = Callable[[Draw], float]

NAN = float("nan")


def measure_auc(draw: Draw) -> float:
    """Return the area under the ROC curve: how often a malignant image ranks above a benign one."""
    malignant, benign = draw.steps
    pairs = malignant.sum() * benign.sum()
    above = np.cumsum(malignant) - malignant / 2
    return float((benign * above).sum() / pairs) if pairs else NAN


def measure_average_precision(draw: Draw) -> float:
    """Return the area under the precision-recall curve, as average precision (no interpolation)."""
    malignant, benign = draw.steps
    total = malignant.sum()
    if not total:
        return NAN
    found = np.cumsum(malignant)
    called = found + np.cumsum(benign)
    precision = np.divide(found, called, out=np.zeros_like(found), where=called > 0)
    return float((malignant * precision).sum() / total)


def _accuracy(draw: Draw) -> float:
    outcomes = draw.ranking.outcomes
    return draw.share(None, outcomes.called == draw.ranking.malignant)


def _recall(draw: Draw) -> float:
    return draw.share(draw.ranking.malignant, draw.ranking.outcomes.called)


def _specificity(draw: Draw) -> float:
    return draw.share(~draw.ranking.malignant, ~draw.ranking.outcomes.called)


def _balanced_accuracy(draw: Draw) -> float:
    return (_recall(draw) + _specificity(draw)) / 2


def _precision(draw: Draw) -> float:
    called = draw.ranking.outcomes.called
    # 0, as scikit-learn has it, where nothing is called malignant: a young network often calls nothing so.
    return draw.share(called, draw.ranking.malignant) if draw.weights[called].any() else 0.0


def _f1(draw: Draw) -> float:
    called = draw.ranking.outcomes.called
    both = float(draw.weights[called].sum() + draw.malignant.sum())
    return 2 * float(draw.malignant[called].sum()) / both if both else NAN


def _brier(draw: Draw) -> float:
    return float(np.average(draw.ranking.errors, weights=draw.weights))


def _indeterminate(draw: Draw) -> float:
    return draw.share(None, draw.ranking.outcomes.undecided)


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
    "calibration_slope": lambda draw: recalibrate(draw).slope,
    "calibration_intercept": shift,
    "indeterminate": _indeterminate,
}
"""Every figure of a test, in the order in which they are shown; recall is sensitivity."""

BRIEF = ("auc", "recall", "specificity")
"""The figures of a subgroup."""
