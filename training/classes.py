"""The classes that a model tells apart, and which of them are malignant."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.data import SPLITS, DataProblem
from training.provenance import read_provenance

MOST = 64
"""Classes that a model card can hold."""
LONGEST = 200
"""Characters of a class's name there."""


class Classes(NamedTuple):
    """Two classes or many, in the order of the network's outputs; the decision is on malignancy alone."""

    names: tuple[str, ...]
    malignant: tuple[bool, ...]

    def malignancy(self, probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the probability of any malignant class (N,) from those of all (N, C)."""
        return np.asarray(probabilities[:, list(self.malignant)].sum(axis=1, dtype=np.float64))

    def is_malignant(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return 1 for labels (N,) of a malignant class, 0 for the others."""
        return np.asarray(np.array(self.malignant, dtype=np.int64)[labels])


BINARY = Classes(("benign", "malignant"), (False, True))
"""The folders that need no further word."""


def find_classes(folders: Sequence[Path], malignant: Sequence[str] = ()) -> Classes:
    """Return the classes that the folders in `train_dataset` and `test_dataset` stand for, in their order.

    `benign` and `malignant` need no further word. Of any others `malignant` names the malignant ones, or else
    the `DATA.json` that `prepare` wrote.

    Raises:
        DataProblem: if folders differ in their classes, or it cannot be told which are malignant.
    """
    found = {folder / split: _list_classes(folder / split) for folder in folders for split in SPLITS}
    first, names = next(iter(found.items()))
    for place, others in found.items():
        if others != names:
            raise DataProblem(
                f"{place} has the class folders {_join(others)}, and {first} has {_join(names)}. All folders "
                "of one run must have the same ones."
            )
    marked = set(malignant) or _find_marks(folders, names)
    if not marked or not marked < set(names):
        raise DataProblem(
            f"The classes are {_join(names)}. Say which of them are malignant, and leave at least one out: "
            "--malignant NAME[,NAME...]"
        )
    return Classes(names, tuple(name in marked for name in names))


def _list_classes(place: Path) -> tuple[str, ...]:
    """Return the names of the class folders, sorted."""
    there = place.iterdir() if place.is_dir() else ()
    names = sorted(path.name for path in there if path.is_dir() and not path.name.startswith("."))
    if not 2 <= len(names) <= MOST or max(map(len, names)) > LONGEST:  # noqa: PLR2004 - to tell apart
        raise DataProblem(
            f"{place} holds no images in 2 to {MOST} class folders, such as {' and '.join(BINARY.names)}."
        )
    return tuple(names)


def _find_marks(folders: Sequence[Path], names: Sequence[str]) -> set[str]:
    """Return the classes that are malignant by their name, or by what every folder's record says."""
    if tuple(name.casefold() for name in names) == BINARY.names:
        return {names[1]}
    stated = [read_provenance(folder) for folder in folders]
    marks = {frozenset(each.malignant if each else ()) for each in stated}
    return set(marks.pop()) if len(marks) == 1 else set()


def _join(names: Sequence[str]) -> str:
    return ", ".join(names)
