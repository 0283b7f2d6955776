"""What a reader must know before believing a figure."""

import numpy as np

from training.evaluation.extremes import count_patients
from training.readings import Readings
from training.rendered import NAME, NAME_OF_FOUR
from training.report.document import DataSetReport

FEW = 10
"""Patients of a class below which an interval over patients is too narrow."""
MANY = 0.1
"""Share of images that the gate refuses from which on it is worth a remark."""


def remark(section: DataSetReport, readings: Readings) -> list[str]:
    """Return the remarks about one data set, given its section and its readings."""
    images, patients = section.image_level.count, min(_count_present(readings))
    remarks = {
        "drawn pictures, no patient's tissue. Its figures say nothing about tissue.": section.name
        in (NAME, NAME_OF_FOUR),
        f"one class has images of only {patients} patients. Intervals are too narrow, and another few "
        "patients could change every figure.": patients < FEW,
        f"of {section.unknown_patients} of {images} images the patient is not known, so each counts as a "
        "patient of its own. Put each patient's images into a folder, or say --patient-pattern.": (
            section.unknown_patients > 0
        ),
        f"the gate would refuse {section.unusable} of {images} images as unlike those that the model was "
        "trained on.": (section.unusable or 0) > MANY * images,
        "all images are of one class, so most figures are not defined.": len(np.unique(readings.labels)) == 1,
    }
    return [f"{section.name}: {words}" for words, holds in remarks.items() if holds]


def _count_present(readings: Readings) -> list[int]:
    """Return the patients of each class that is there."""
    return [count for count in count_patients(readings.outcomes) if count]
