"""Numbers as documents and people want them."""

import math
from collections.abc import Mapping

from training.evaluation.extremes import Estimate
from training.report.document import Figure

NAMES = {
    "auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "precision": "Precision",
    "recall": "Sensitivity (recall)",
    "specificity": "Specificity",
    "f1": "F1",
    "brier": "Brier score",
    "ece": "Calibration error (ECE)",
    "calibration_slope": "Calibration slope",
    "calibration_intercept": "Calibration intercept",
    "indeterminate": "Share indeterminate",
}
"""What each figure is called."""


def to_figures(estimates: Mapping[str, Estimate]) -> dict[str, Figure]:
    """Return the estimates with null for what is not defined."""
    return {
        name: Figure(value=_or_null(each.value), low=_or_null(each.low), high=_or_null(each.high))
        for name, each in estimates.items()
    }


def _or_null(value: float) -> float | None:
    return value if math.isfinite(value) else None


def write(figure: Figure | None, digits: int = 3) -> str:
    """Return `0.912 (0.870 to 0.950)`, or a dash for what is not defined."""
    if figure is None or figure.value is None:
        return "-"
    interval = write_interval(figure, digits)
    return f"{to_text(figure.value, digits)} {interval}".rstrip()


def write_interval(figure: Figure, digits: int = 3) -> str:
    """Return `(0.870 to 0.950)`, or nothing where there is no interval."""
    if figure.low is None or figure.high is None:
        return ""
    return f"({to_text(figure.low, digits)} to {to_text(figure.high, digits)})"


def to_text(value: float, digits: int = 3) -> str:
    """Return the number with so many decimals, and no minus before zero."""
    text = f"{value:.{digits}f}"
    return text if float(text) else f"{0:.{digits}f}"
