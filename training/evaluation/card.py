"""The figures of each data set as they stand on a model card."""

import math
from collections.abc import Sequence

import numpy as np
from sklearn.metrics import confusion_matrix

from contract import Interval, MetricCard
from training.classes import BINARY, Classes
from training.data import Sample, rows_by_data_set
from training.evaluation.bootstrap import INTERVAL_METHOD, estimate
from training.evaluation.extremes import Estimate
from training.evaluation.figures import FIGURES, measure_auc
from training.evaluation.outcomes import Cut, Labels, Values, compare
from training.evaluation.ranking import Draws, Ranking
from training.scoring import Scores

ON_CARD = {name: figure for name, figure in FIGURES.items() if name != "indeterminate"}
"""The card counts the images inside the band."""
UNBOUNDED = frozenset({"calibration_slope", "calibration_intercept"})
"""The figures that may lie anywhere."""


def measure(
    samples: Sequence[Sample], malignant: Values, threshold: float, classes: Classes, split: str
) -> MetricCard:
    """Return every figure of one data set with its interval, and the confusion matrix at `threshold`.

    Args:
        samples: Of one data set.
        malignant: Calibrated probability of malignancy (N,).
        threshold: From it on, an image counts as malignant.
        classes: What the samples' labels count; all figures are of malignant against the rest.
        split: What the samples were held out for, `test` for example.
    """
    labels = classes.is_malignant(np.array([sample.label for sample in samples], dtype=np.int64))
    names = classes.names if classes.malignant == BINARY.malignant else BINARY.names
    patients = [sample.patient for sample in samples]
    outcomes = compare(labels, malignant, patients, Cut(threshold, threshold, threshold))
    matrix = confusion_matrix(labels, outcomes.called, labels=[0, 1])
    return MetricCard(
        data_set=samples[0].data_set,
        split=split,
        images=len(labels),
        patients=len(set(patients)),
        interval_method=INTERVAL_METHOD,
        values=to_intervals(estimate(outcomes, ON_CARD, samples[0].data_set)),
        confusion={
            true: {guess: int(matrix[i, j]) for j, guess in enumerate(names)} for i, true in enumerate(names)
        },
    )


def to_intervals(estimates: dict[str, Estimate]) -> dict[str, Interval]:
    """Return the figures that are defined, since a card holds numbers only.

    A share of which too few patients tell how sure it is gets the widest interval, 0 to 1.
    """
    return {
        name: _to_interval(each)
        for name, each in estimates.items()
        if all(map(math.isfinite, each)) or (math.isfinite(each.value) and name not in UNBOUNDED)
    }


def _to_interval(estimated: Estimate) -> Interval:
    value, low, high = estimated
    return Interval(
        value=value,
        low=low if math.isfinite(low) else 0.0,
        high=high if math.isfinite(high) else 1.0,
    )


def measure_each(
    samples: Sequence[Sample], malignant: Values, threshold: float, classes: Classes, split: str
) -> list[MetricCard]:
    """Return `measure` of each data set among the samples."""
    return [
        measure([samples[row] for row in rows], malignant[rows], threshold, classes, split)
        for rows in rows_by_data_set(samples).values()
    ]


def auc(labels: Labels, malignant: Values) -> float:
    """Return the area under the ROC curve; NaN where a class is missing."""
    outcomes = compare(labels, malignant, [""] * len(labels), Cut(0.5, 0.5, 0.5))
    return float(measure_auc(Draws(Ranking(outcomes)))[0])


def auc_by_data_set(scores: Scores, classes: Classes) -> dict[str, float]:
    """Return the area under the ROC curve of each data set: malignancy against the rest."""
    labels = classes.is_malignant(scores.labels)
    malignancy = classes.malignancy(scores.probabilities())
    return {
        name: auc(labels[rows], malignancy[rows]) for name, rows in rows_by_data_set(scores.samples).items()
    }
