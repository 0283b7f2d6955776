"""Outcomes in order of probability: weighted again and again, many weightings at once."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from training.evaluation.outcomes import Outcomes, Values


class Ranking:
    """Outcomes sorted by falling probability; rows of equal probability form one step, in any order."""

    def __init__(self, outcomes: Outcomes) -> None:
        self.outcomes = outcomes.take(np.argsort(-outcomes.values, kind="stable"))
        self.malignant = self.outcomes.labels == 1
        self._last = np.flatnonzero(np.append(np.diff(self.outcomes.values) != 0, True))

    @property
    def steps(self) -> Values:
        """The distinct probabilities, falling (S,)."""
        return np.asarray(self.outcomes.values[self._last])

    @cached_property
    def errors(self) -> Values:
        """Squared errors of the probabilities (N,)."""
        return np.square(self.outcomes.values - self.outcomes.labels)

    def sum_steps(self, weights: Values) -> Values:
        """Return the weight of each step (D, S) from that of each row (D, N)."""
        return np.diff(np.cumsum(weights, axis=1)[:, self._last], axis=1, prepend=0.0)


class Draws:
    """A ranking under several weightings of its rows: bootstrap draws, or one weighting with 1 everywhere.

    Args:
        ranking: Of N rows.
        weights: How often each row counts in each draw (D, N); once in the only draw by default.
    """

    def __init__(self, ranking: Ranking, weights: Values | None = None) -> None:
        self.ranking = ranking
        self.weights = np.ones((1, len(ranking.malignant))) if weights is None else weights

    @cached_property
    def steps(self) -> tuple[Values, Values]:
        """Malignant and benign weight of each step (D, S)."""
        malignant = self.ranking.sum_steps(self.weights * self.ranking.malignant)
        return malignant, self.ranking.sum_steps(self.weights) - malignant

    def count(self, rows: NDArray[np.bool_]) -> Values:
        """Return the weight of these rows in each draw (D,)."""
        return np.asarray(self.weights @ rows.astype(np.float64))

    def share(self, among: NDArray[np.bool_] | None, having: NDArray[np.bool_]) -> Values:
        """Return which share `among` the rows has `having` (D,); NaN where none is among them."""
        rows = np.ones_like(having) if among is None else among
        return divide(self.count(rows & having), self.count(rows))


def divide(part: Values, whole: Values) -> Values:
    """Return the quotients, NaN for those by 0."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole != 0)
