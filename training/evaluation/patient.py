"""From images to patients: one probability, one truth and one decision for each."""

from dataclasses import dataclass

import numpy as np

from training.evaluation.outcomes import Cut, Flags, Labels, Outcomes, Values

RULE = "a patient's probability is the mean over all of the patient's images"


@dataclass(frozen=True)
class PatientsMixed(Exception):
    """Some patients have images of both classes, so that there is no truth of a patient."""

    mixed: int
    patients: int

    def __str__(self) -> str:
        """Say it in a sentence."""
        return (
            f"{self.mixed} of {self.patients} patients have images of both classes here, because each image "
            "is labelled and not the patient. Figures of patients would have no truth to be held against."
        )


def join_patients(outcomes: Outcomes, cut: Cut) -> Outcomes:
    """Return one row a patient, whose probability is the mean over the patient's images.

    Raises:
        PatientsMixed: if a patient has images of both classes.
    """
    sizes = np.bincount(outcomes.patients)
    labels = _average(outcomes.labels, outcomes.patients)
    mixed: Flags = (labels > 0) & (labels < 1)
    if mixed.any():
        raise PatientsMixed(int(mixed.sum()), len(sizes))
    values = _average(outcomes.values, outcomes.patients)
    edges = (_average(np.broadcast_to(edge, outcomes.values.shape), outcomes.patients) for edge in cut)
    threshold, low, high = edges
    return Outcomes(
        labels=labels.astype(np.int64),
        values=values,
        called=values >= threshold,
        cleared=values < low,
        flagged=values >= high,
        patients=np.arange(len(sizes)),
    )


def _average(values: Values | Labels, patients: Labels) -> Values:
    return np.asarray(np.bincount(patients, values) / np.bincount(patients), dtype=np.float64)
