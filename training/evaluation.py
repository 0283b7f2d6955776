"""Figures with intervals, one data set at a time."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.metrics import confusion_matrix, roc_auc_score, roc_curve

from contract import Band, Interval, MetricCard, OperatingPoint
from training.data import group_by_data_set
from training.scoring import Scores

Labels = NDArray[np.int64]
Values = NDArray[np.float64]
Figure = Callable[[Labels, Values, float], float]

DRAWS = 1000
INTERVAL_METHOD = f"95 % percentile interval, {DRAWS} bootstrap draws of whole patients"
SENSITIVITY = 0.95
SPECIFICITY = 0.90


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _accuracy(labels: Labels, values: Values, threshold: float) -> float:
    return float(np.mean((values >= threshold) == labels))


def _precision(labels: Labels, values: Values, threshold: float) -> float:
    positive = values >= threshold
    return _ratio(float(labels[positive].sum()), float(positive.sum()))


def _recall(labels: Labels, values: Values, threshold: float) -> float:
    return _ratio(float((values[labels == 1] >= threshold).sum()), float((labels == 1).sum()))


def _specificity(labels: Labels, values: Values, threshold: float) -> float:
    return _ratio(float((values[labels == 0] < threshold).sum()), float((labels == 0).sum()))


def _f1(labels: Labels, values: Values, threshold: float) -> float:
    true = float((labels[values >= threshold]).sum())
    return _ratio(2 * true, float((values >= threshold).sum() + labels.sum()))


def _balanced_accuracy(labels: Labels, values: Values, threshold: float) -> float:
    return (_recall(labels, values, threshold) + _specificity(labels, values, threshold)) / 2


def auc(labels: Labels, values: Values, _: float = 0.5) -> float:
    """Return the area under the ROC curve; NaN where a class is missing."""
    return float(roc_auc_score(labels, values)) if len(set(labels.tolist())) > 1 else float("nan")


FIGURES: dict[str, Figure] = {
    "auc": auc,
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "precision": _precision,
    "recall": _recall,
    "specificity": _specificity,
    "f1": _f1,
}
"""Each from binary labels (1 malignant), probabilities of malignancy and the threshold."""


def measure(
    scores: Scores, malignant: Values, threshold: float, names: Sequence[str], split: str
) -> MetricCard:
    """Return every figure of one data set with its interval, and the confusion matrix at `threshold`.

    Args:
        scores: Samples of one data set, with class indices 0 (benign) and 1 (malignant).
        malignant: Calibrated probability of malignancy (N,).
        threshold: From it on, an image counts as malignant.
        names: The two class names.
        split: What the samples were held out for, `test` for example.
    """
    labels = scores.labels
    draws = list(_draw_patients(scores.patients))
    values = {
        name: _with_interval(figure, labels, malignant, threshold, draws) for name, figure in FIGURES.items()
    }
    matrix = confusion_matrix(labels, malignant >= threshold, labels=[0, 1])
    confusion = {
        true: {guess: int(matrix[i, j]) for j, guess in enumerate(names)} for i, true in enumerate(names)
    }
    return MetricCard(
        data_set=scores.samples[0].data_set,
        split=split,
        images=len(labels),
        patients=len(set(scores.patients)),
        interval_method=INTERVAL_METHOD,
        values=values,
        confusion=confusion,
    )


def _draw_patients(patients: Sequence[str]) -> list[NDArray[np.int64]]:
    """Return the rows of each bootstrap draw: whole patients, with replacement, always the same draws."""
    rng = np.random.default_rng(0)
    names = sorted(set(patients))
    rows = [np.flatnonzero(np.array(patients) == name) for name in names]
    return [
        np.concatenate([rows[i] for i in rng.integers(len(names), size=len(names))]) for _ in range(DRAWS)
    ]


def _with_interval(
    figure: Figure, labels: Labels, values: Values, threshold: float, draws: Sequence[NDArray[np.int64]]
) -> Interval:
    drawn = np.array([figure(labels[rows], values[rows], threshold) for rows in draws])
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    value = figure(labels, values, threshold)
    return Interval(value=value, low=min(float(low), value), high=max(float(high), value))


def auc_by_data_set(scores: Scores, malignant: Values) -> dict[str, float]:
    """Return the area under the ROC curve of each data set."""
    result = {}
    for name in group_by_data_set(scores.samples):
        rows = [i for i, sample in enumerate(scores.samples) if sample.data_set == name]
        result[name] = auc(scores.labels[rows], malignant[rows])
    return result


def choose_operating_point(labels: Labels, malignant: Values) -> OperatingPoint:
    """Choose the threshold that maximises balanced accuracy, and the band around it.

    Below `low` lie at most 5 % of the malignant samples; from `high` on at most 10 % of the benign ones. Where
    one cut does both, the band shrinks to the threshold.
    """
    false_rates, true_rates, cuts = roc_curve(labels, malignant, drop_intermediate=False)
    cuts = np.clip(cuts, 0.0, 1.0)
    threshold = float(cuts[np.argmax(true_rates - false_rates)])
    low = float(cuts[np.argmax(true_rates >= SENSITIVITY)])
    high = float(cuts[np.flatnonzero(false_rates <= 1 - SPECIFICITY)[-1]])
    low, high = min(low, threshold), max(high, threshold)
    return OperatingPoint(threshold=threshold, band=Band(low=low, high=high))


def fit_temperature(logits: NDArray[np.float32], labels: Labels) -> float:
    """Return the temperature that minimises the log loss of softmax(logits / T) (Guo et al. 2017)."""

    def log_loss(log_temperature: float) -> float:
        scaled = logits.astype(np.float64) / np.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(scaled).sum(axis=1))
        return float(np.mean(log_sum - scaled[np.arange(len(labels)), labels]))

    found = minimize_scalar(log_loss, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return float(np.exp(found.x))
