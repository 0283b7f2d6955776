"""Outcomes in order of probability: weighted again and again, each time in one pass."""

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
        """Return the weight of each step (S,) from that of each row (N,)."""
        sums = np.cumsum(weights)[self._last]
        return np.asarray(sums - np.append(0.0, sums[:-1]))


class Draw:
    """A ranking under one weighting of its rows: that of a bootstrap draw, or 1 for every row."""

    def __init__(self, ranking: Ranking, weights: Values | None = None) -> None:
        self.ranking = ranking
        self.weights = np.ones(len(ranking.malignant)) if weights is None else weights

    @cached_property
    def malignant(self) -> Values:
        """Weights of the malignant rows, 0 for the others (N,)."""
        return np.asarray(self.weights * self.ranking.malignant)

    @cached_property
    def steps(self) -> tuple[Values, Values]:
        """Malignant and benign weight of each step (S,)."""
        malignant = self.ranking.sum_steps(self.malignant)
        return malignant, self.ranking.sum_steps(self.weights) - malignant

    def share(self, among: NDArray[np.bool_] | None, having: NDArray[np.bool_]) -> float:
        """Return which share of the weight `among` the rows has `having`; NaN if none is among them."""
        weights = self.weights if among is None else self.weights * among
        whole = float(weights.sum())
        return float(weights[having].sum()) / whole if whole else float("nan")
