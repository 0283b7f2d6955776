"""Dividing samples into folds with even classes: by patient, or at random to show how much that inflates."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from training.data import DataProblem, Sample

VALIDATION_FOLDS = 5
"""One fold in five of the training patients validates."""
SHUFFLES = 20
"""How many shuffles are tried until every fold has every class; few patients may need a second one."""

Fold = tuple[list[Sample], list[Sample]]
"""What to fit on, and what is held out."""


def split_folds(samples: Sequence[Sample], count: int, seed: int, *, by_patient: bool = True) -> list[Fold]:
    """Return `count` folds (rest, held out); every sample is held out once, classes as even as can be.

    A patient who stands in several data sets is one patient. With `by_patient=False` images are drawn at
    random, so that a patient stands on both sides: figures on such folds are inflated, and must say so.

    Raises:
        DataProblem: if a class has too few patients (or images) for every fold to hold one out.
    """
    units = _count_patients(samples) if by_patient else Counter(sample.label for sample in samples)
    least = min(units.values(), default=0)
    if not 2 <= count <= least:  # noqa: PLR2004 - the two sides
        raise DataProblem(
            f"{count} folds cannot be made: at least 2 are needed, and at most as many as the smallest "
            f"class has {'patients' if by_patient else 'images'}, which is {least}."
        )
    for shuffle in range(SHUFFLES):
        folds = [
            _divide(samples, held) for held in _draw(samples, count, seed + shuffle, by_patient=by_patient)
        ]
        if all(_count_least(fold) for fold in folds):
            return folds
    raise DataProblem(f"No {count} folds were found with every class on both sides. Ask for fewer.")


def split_by_patient(samples: Sequence[Sample], seed: int = 0) -> Fold:
    """Split into about four fifths and one fifth for validation, no patient on both sides.

    Of the folds it is the one whose smallest class has most patients (on its scarcer side), since the epoch
    and the operating point lean on them; of equal ones that whose class shares are most like the whole.

    Raises:
        DataProblem: if a class has so few patients that one side would lack it.
    """
    count = min(VALIDATION_FOLDS, *_count_patients(samples).values())
    if count < 2:  # noqa: PLR2004 - the two sides
        raise DataProblem(
            f"{samples[0].data_set}: a class needs images of at least two patients for validation."
        )
    folds = [_divide(samples, held) for held in _draw(samples, count, seed, by_patient=True)]
    best = max(folds, key=lambda fold: (_count_least(fold), -_measure_shift(fold)))
    if not _count_least(best):
        raise DataProblem(
            f"{samples[0].data_set}: no split by patient leaves every class on both sides. Add patients."
        )
    return best


def _draw(
    samples: Sequence[Sample], count: int, seed: int, *, by_patient: bool
) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of each held-out part."""
    cells = [f"{sample.data_set}/{sample.label}" for sample in samples]
    if min(Counter(cells).values()) < count:
        cells = [str(sample.label) for sample in samples]
    groups = [sample.patient for sample in samples] if by_patient else None
    kind = StratifiedGroupKFold if by_patient else StratifiedKFold
    for _, held in kind(count, shuffle=True, random_state=seed).split(cells, cells, groups):
        yield held


def _divide(samples: Sequence[Sample], held: NDArray[np.int64]) -> Fold:
    out = {int(row) for row in held}
    rest = [sample for row, sample in enumerate(samples) if row not in out]
    return rest, [samples[row] for row in sorted(out)]


def _count_patients(samples: Sequence[Sample]) -> Counter[int]:
    """Return how many patients have images of each class."""
    return Counter(label for label, _ in {(sample.label, sample.patient) for sample in samples})


def _count_least(fold: Fold) -> int:
    """Return the patients of the scarcest class on the side where it is scarcer."""
    rest, held = map(_count_patients, fold)
    return min(min(rest[label], held[label]) for label in rest | held)


def _measure_shift(fold: Fold) -> float:
    """Return by how much the share of a class differs between the sides, at most."""
    shares = defaultdict(list)
    for part in fold:
        counts = Counter(sample.label for sample in part)
        for label in {sample.label for side in fold for sample in side}:
            shares[label].append(counts[label] / len(part) if part else 0.0)
    return max(abs(rest - held) for rest, held in shares.values())
