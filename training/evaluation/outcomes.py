"""What is true of images or patients, beside what a model says of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from contract import OperatingPoint

Labels = NDArray[np.int64]
Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Cut(NamedTuple):
    """Where probabilities become decisions; of one model a number each, of several models one a row."""

    threshold: float | Values
    low: float | Values
    high: float | Values

    @classmethod
    def at(cls, point: OperatingPoint) -> "Cut":
        """Return the cut of an operating point."""
        return cls(point.threshold, point.band.low, point.band.high)


class Outcomes(NamedTuple):
    """N images, or N patients, each with its truth, its probability and its decisions."""

    labels: Labels
    """1 malignant, 0 benign, (N,)."""
    values: Values
    """Probability of malignancy (N,)."""
    called: Flags
    """At or above the threshold (N,)."""
    cleared: Flags
    """Below the band: decided benign (N,)."""
    flagged: Flags
    """At or above the band: decided malignant (N,)."""
    patients: Labels
    """Number of the patient (N,), from 0 on."""

    @property
    def undecided(self) -> Flags:
        """Inside the band (N,)."""
        return ~(self.cleared | self.flagged)

    def take(self, rows: NDArray[np.int64] | Flags) -> "Outcomes":
        """Return these rows, in this order, with the patients numbered anew."""
        return Outcomes(
            labels=self.labels[rows],
            values=self.values[rows],
            called=self.called[rows],
            cleared=self.cleared[rows],
            flagged=self.flagged[rows],
            patients=np.unique(self.patients[rows], return_inverse=True)[1],
        )


def compare(labels: Labels, values: Values, patients: Sequence[str], cut: Cut) -> Outcomes:
    """Return the outcomes of N images with their probabilities of malignancy and their patients' names."""
    numbers = {name: number for number, name in enumerate(sorted(set(patients)))}
    return Outcomes(
        labels=labels,
        values=values,
        called=values >= cut.threshold,
        cleared=values < cut.low,
        flagged=values >= cut.high,
        patients=np.array([numbers[name] for name in patients], dtype=np.int64),
    )
