"""The classes that a model tells apart, and which of them are malignant."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


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
