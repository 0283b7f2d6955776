"""Figures with intervals, one data set at a time."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.metrics import confusion_matrix, roc_auc_score, roc_curve

from contract import Band, Interval, MetricCard, OperatingPoint
from training.data import Sample, rows_by_data_set
from training.scoring import Scores

Labels = NDArray[np.int64]
Values = NDArray[np.float64]
Figure = Callable[[Labels, Values, float], float]

DRAWS = 1000
INTERVAL_METHOD = (
    f"95 % percentile interval, {DRAWS} bootstrap draws of whole patients; "
    "a draw that lacks what a figure needs is left out of it"
)
SENSITIVITY = 0.95
SPECIFICITY = 0.90


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _accuracy(labels: Labels, values: Values, threshold: float) -> float:
    return float(np.mean((values >= threshold) == labels))


def _precision(labels: Labels, values: Values, threshold: float) -> float:
    positive = values >= threshold
    # 0, as scikit-learn has it, where nothing is called malignant: a young network often calls nothing so.
    return float(labels[positive].sum()) / max(float(positive.sum()), 1.0)


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
    samples: Sequence[Sample], malignant: Values, threshold: float, names: Sequence[str], split: str
) -> MetricCard:
    """Return every figure of one data set with its interval, and the confusion matrix at `threshold`.

    Args:
        samples: Of one data set, with class indices 0 (benign) and 1 (malignant).
        malignant: Calibrated probability of malignancy (N,).
        threshold: From it on, an image counts as malignant.
        names: The two class names.
        split: What the samples were held out for, `test` for example.
    """
    labels = np.array([sample.label for sample in samples])
    patients = [sample.patient for sample in samples]
    draws = _draw_patients(patients)
    values = {
        name: _with_interval(figure, labels, malignant, threshold, draws) for name, figure in FIGURES.items()
    }
    matrix = confusion_matrix(labels, malignant >= threshold, labels=[0, 1])
    confusion = {
        true: {guess: int(matrix[i, j]) for j, guess in enumerate(names)} for i, true in enumerate(names)
    }
    return MetricCard(
        data_set=samples[0].data_set,
        split=split,
        images=len(labels),
        patients=len(set(patients)),
        interval_method=INTERVAL_METHOD,
        values=values,
        confusion=confusion,
    )


def _draw_patients(patients: Sequence[str]) -> list[NDArray[np.int64]]:
    """Return the rows of each bootstrap draw: whole patients, with replacement, always the same draws."""
    rng = np.random.default_rng(0)
    names, owners = np.unique(np.array(patients), return_inverse=True)
    rows = np.split(np.argsort(owners, kind="stable"), np.cumsum(np.bincount(owners))[:-1])
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


def measure_each(
    samples: Sequence[Sample], malignant: Values, threshold: float, names: Sequence[str], split: str
) -> list[MetricCard]:
    """Return `measure` of each data set among the samples."""
    return [
        measure([samples[row] for row in rows], malignant[rows], threshold, names, split)
        for rows in rows_by_data_set(samples).values()
    ]


def auc_by_data_set(scores: Scores, malignant: Values) -> dict[str, float]:
    """Return the area under the ROC curve of each data set."""
    return {
        name: auc(scores.labels[rows], malignant[rows])
        for name, rows in rows_by_data_set(scores.samples).items()
    }


def weigh_evenly(samples: Sequence[Sample]) -> Values:
    """Return weights (N,) under which each class of each data set counts the same, with mean 1."""
    cells = Counter((sample.data_set, sample.label) for sample in samples)
    weights = np.array([1 / cells[sample.data_set, sample.label] for sample in samples])
    return np.asarray(weights / weights.mean())


def choose_operating_point(
    labels: Labels, malignant: Values, weights: Values | None = None
) -> OperatingPoint:
    """Choose the threshold that maximises balanced accuracy, and the band around it.

    Below `low` lie at most 5 % of the malignant samples; from `high` on at most 10 % of the benign ones.
    Where one cut does both, the band shrinks to the threshold. `weights` (N,) default to 1 each.
    """
    false_rates, true_rates, cuts = roc_curve(
        labels, malignant, sample_weight=weights, drop_intermediate=False
    )
    cuts = _between(cuts, malignant)
    threshold = float(cuts[np.argmax(true_rates - false_rates)])
    low = float(cuts[np.argmax(true_rates >= SENSITIVITY)])
    high = float(cuts[np.flatnonzero(false_rates <= 1 - SPECIFICITY)[-1]])
    return OperatingPoint(threshold=threshold, band=Band(low=min(low, threshold), high=max(high, threshold)))


def _between(cuts: Values, malignant: Values) -> Values:
    """Move each cut halfway down to the next lower probability: the same decisions, but not on the edge."""
    seen = np.unique(np.append(malignant, 0.0))
    below = seen[np.maximum(np.searchsorted(seen, np.minimum(cuts, 2.0)) - 1, 0)]
    return np.asarray(np.where(np.isinf(cuts), (1.0 + below) / 2, (cuts + below) / 2))


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
