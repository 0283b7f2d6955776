"""The images that a model got most wrong, small enough for a page."""

import base64
import io
from collections import Counter

import numpy as np
from PIL import Image

from training.data import DataProblem, read_pixels
from training.readings import Readings
from training.report.document import Mistake
from training.report.markup import tame
from training.report.spreadsheet import HEADER, decide

MOST = 12
PER_PATIENT = 2
"""Mistakes of one patient, at most: they resemble each other."""
EDGE = 192
"""Longer side of a picture in pixels."""


def find_mistakes(readings: Readings) -> list[Mistake]:
    """Return the images on the wrong side of the threshold whose probability is farthest off."""
    outcomes = readings.outcomes
    wrong = np.flatnonzero(outcomes.called != (outcomes.labels == 1))
    worst = wrong[np.argsort(-np.abs(outcomes.values - outcomes.labels)[wrong], kind="stable")]
    decisions, seen = decide(readings), Counter[int]()
    chosen: list[int] = []
    for row in worst.tolist():
        patient = int(outcomes.patients[row])
        if seen[patient] < PER_PATIENT and len(chosen) < MOST:
            seen[patient] += 1
            chosen.append(row)
    return [
        Mistake(
            row=row + 1 + HEADER,
            data_set=tame(readings.samples[row].data_set),
            truth=tame(readings.truth.names[readings.samples[row].label]),
            malignant_probability=float(outcomes.values[row]),
            decision=decisions[row],
        )
        for row in chosen
    ]


def draw_mistakes(readings: Readings, mistakes: list[Mistake]) -> dict[int, str]:
    """Return a small picture of each as a `data:` address, by its row; without those that are gone."""
    pictures = {}
    for mistake in mistakes:
        try:
            pixels = read_pixels(readings.samples[mistake.row - 1 - HEADER].path).numpy()
        except DataProblem:
            continue
        pictures[mistake.row] = _shrink(Image.fromarray(pixels))
    return pictures


def _shrink(image: Image.Image) -> str:
    """Return the pixels alone, so nothing that was noted in the file goes along."""
    scale = EDGE / max(image.size)
    size = tuple(max(1, round(side * scale)) for side in image.size)
    small = image.resize((size[0], size[1]), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
