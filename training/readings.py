"""What a model says of labelled images, beside the truth."""

from typing import NamedTuple

import numpy as np

from training.classes import Classes
from training.data import DataProblem, Sample, rows_by_data_set
from training.evaluation.outcomes import Cut, Flags, Labels, Outcomes, Values, compare


def check_numbers(probabilities: Values) -> Values:
    """Return the probabilities, none of which may be NaN: it would count as neither class and hide.

    Raises:
        DataProblem: if one is.
    """
    lost = int((~np.isfinite(probabilities)).any(axis=1).sum())
    if lost:
        raise DataProblem(f"The model's answer to {lost} images is no number. Train or export it again.")
    return probabilities


class Readings(NamedTuple):
    """One row an image."""

    samples: list[Sample]
    truth: Classes
    """The classes that the samples' labels count."""
    probabilities: Values
    """Calibrated (N, C)."""
    classes: Classes
    """The classes of the columns."""
    cut: Cut
    unusable: Flags | None = None
    """Whether the gate would refuse the image (N,); None where there is no gate."""
    folds: Labels | None = None
    """The fold that held the image out (N,), from 1 on; None without folds."""

    @property
    def labels(self) -> Labels:
        """1 for images of a malignant class, 0 for others (N,)."""
        return self.truth.is_malignant(np.array([sample.label for sample in self.samples], dtype=np.int64))

    @property
    def malignancy(self) -> Values:
        """Probability of malignancy (N,)."""
        return np.clip(self.classes.malignancy(self.probabilities), 0.0, 1.0)

    @property
    def outcomes(self) -> Outcomes:
        """Truth, probability and decisions of every image."""
        patients = [sample.patient for sample in self.samples]
        return compare(self.labels, self.malignancy, patients, self.cut)

    def take(self, rows: list[int]) -> "Readings":
        """Return these rows."""
        place = np.array(rows, dtype=np.int64)
        return self._replace(
            samples=[self.samples[row] for row in rows],
            probabilities=self.probabilities[place],
            cut=Cut(*(edge if isinstance(edge, float) else edge[place] for edge in self.cut)),
            unusable=None if self.unusable is None else self.unusable[place],
            folds=None if self.folds is None else self.folds[place],
        )

    def by_data_set(self) -> dict[str, "Readings"]:
        """Return the readings of each data set, in the order in which the sets first appear."""
        return {name: self.take(rows) for name, rows in rows_by_data_set(self.samples).items()}
