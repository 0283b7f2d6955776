"""One line an image: `predictions.csv`."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from training.data import Sample
from training.patients import is_known
from training.readings import Readings
from training.report.markup import clean

HEADER = 1
"""Lines before the first image."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute (OWASP, CSV injection)."""


def write_predictions(readings: Readings, path: Path) -> None:
    """Write a header and one line an image, in the order of the readings."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(_name_columns(readings))
        writer.writerows(_list_rows(readings))


def _name_columns(readings: Readings) -> list[str]:
    classes = [f"probability of {clean(name)}" for name in readings.classes.names]
    before = ["data set", "image", "patient", "class", "malignant", *classes, "malignant probability"]
    return [*before, "threshold", "band low", "band high", "decision", "unusable", "fold"]


def _list_rows(readings: Readings) -> Iterator[list[str]]:
    labels, malignancy = readings.labels, readings.malignancy
    edges = [np.broadcast_to(edge, malignancy.shape) for edge in readings.cut]
    decisions = decide(readings)
    for row, sample in enumerate(readings.samples):
        yield [
            guard(sample.data_set),
            guard(_place(sample)),
            guard(sample.patient) if is_known(sample.patient) else "",
            guard(readings.truth.names[sample.label]),
            f"{labels[row]}",
            *(f"{value:.6f}" for value in readings.probabilities[row]),
            f"{malignancy[row]:.6f}",
            *(f"{edge[row]:.6f}" for edge in edges),
            decisions[row],
            "" if readings.unusable is None else f"{int(readings.unusable[row])}",
            "" if readings.folds is None else f"{readings.folds[row]}",
        ]


def _place(sample: Sample) -> str:
    """Return the image's path below its data set's folder."""
    parts = sample.path.parts
    for row in reversed(range(len(parts) - 1)):
        if parts[row] == sample.data_set:
            return "/".join(parts[row + 1 :])
    return sample.path.name


def decide(readings: Readings) -> list[str]:
    """Return the decision on each image: benign, malignant or indeterminate."""
    outcomes = readings.outcomes
    words = np.where(outcomes.flagged, "malignant", np.where(outcomes.cleared, "benign", "indeterminate"))
    return [str(word) for word in words]


def guard(text: str) -> str:
    """Return text that a spreadsheet shows and does not compute."""
    whole = clean(text).replace("\n", "?").replace("\t", "?")
    return f"'{whole}" if whole.startswith(FORMULA) else whole
