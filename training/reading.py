"""What a model file says of images, a few at a time."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from tqdm import tqdm

from artifact import Outputs
from artifact.golden import Picture
from contract import ModelCard
from training.classes import Classes
from training.data import Sample, read_pixels
from training.evaluation.outcomes import Cut
from training.limits import is_unusable
from training.readings import Readings, check_numbers

BATCH = 4
"""Images held at a time; each may have a hundred megapixels."""


class Model(Protocol):
    """What is asked of a loaded model file."""

    card: ModelCard
    sha256: str

    def predict(self, images: Sequence[Picture]) -> Outputs:
        """Return probabilities and gate statistics of uint8 RGB images (H, W, 3)."""


def classes_of(card: ModelCard) -> Classes:
    """Return the classes of a model card."""
    return Classes(
        tuple(entry.name for entry in card.classes), tuple(entry.malignant for entry in card.classes)
    )


def read(model: Model, samples: Sequence[Sample], truth: Classes) -> Readings:
    """Return what the model says of each sample.

    Raises:
        DataProblem: if an image cannot be read, or an answer is no number.
    """
    starts = tqdm(range(0, len(samples), BATCH), desc="scoring", unit="batch", leave=False, disable=None)
    parts = [
        model.predict([read_pixels(sample.path).numpy() for sample in samples[start : start + BATCH]])
        for start in starts
    ]
    probabilities, gate = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Readings(
        samples=list(samples),
        truth=truth,
        probabilities=check_numbers(probabilities.astype(np.float64)),
        classes=classes_of(model.card),
        cut=Cut.at(model.card.operating_point),
        unusable=is_unusable(model.card.gate, gate),
    )
