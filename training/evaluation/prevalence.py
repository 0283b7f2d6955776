"""What an answer is worth where malignancy is as common as the user says."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from training.evaluation.bootstrap import estimate
from training.evaluation.extremes import Estimate, bound_share
from training.evaluation.figures import Figure
from training.evaluation.outcomes import Flags, Outcomes, Values
from training.evaluation.ranking import Draws, divide


class Answer(NamedTuple):
    """An answer of the model, and the class that it names."""

    name: str
    malignant: bool

    def among(self, outcomes: Outcomes) -> Flags:
        """Return which rows get this answer."""
        return {
            "at or above the threshold": outcomes.called,
            "below the threshold": ~outcomes.called,
            "decided malignant": outcomes.flagged,
            "decided benign": outcomes.cleared,
        }[self.name]


ANSWERS = (
    Answer("at or above the threshold", malignant=True),
    Answer("below the threshold", malignant=False),
    Answer("decided malignant", malignant=True),
    Answer("decided benign", malignant=False),
)
"""The threshold divides all images; the band decides some and leaves the others indeterminate."""


class Worth(NamedTuple):
    """How often an answer is right: the positive, or the negative, predictive value."""

    prevalence: float
    answer: Answer
    right: Estimate


def measure_worth(outcomes: Outcomes, prevalences: Sequence[float]) -> list[Worth]:
    """Return the predictive value of every answer at every prevalence, with intervals over patients.

    By Bayes' rule: only how often either class gets the answer is taken from the outcomes, so the share of
    malignant images among them does not matter.
    """
    asked = [(prevalence, answer) for prevalence in prevalences for answer in ANSWERS]
    figures: dict[str, Figure] = {
        f"{row}": partial(_divide, answer=answer, prevalence=prevalence)
        for row, (prevalence, answer) in enumerate(asked)
    }
    found = estimate(outcomes, figures, "predictive values").values()
    return [
        Worth(prevalence, answer, _widen(each, outcomes, answer, prevalence))
        for (prevalence, answer), each in zip(asked, found, strict=True)
    ]


def _divide(draws: Draws, answer: Answer, prevalence: float) -> Values:
    truth = draws.ranking.malignant == answer.malignant
    given = answer.among(draws.ranking.outcomes)
    return _bayes(draws.share(truth, given), draws.share(~truth, given), _share(answer, prevalence))


def _share(answer: Answer, prevalence: float) -> float:
    return prevalence if answer.malignant else 1 - prevalence


def _bayes(right: Values, wrong: Values, share: float) -> Values:
    """Return the share of true answers (D,); NaN where none is given."""
    return divide(right * share, right * share + wrong * (1 - share))


def _widen(found: Estimate, outcomes: Outcomes, answer: Answer, prevalence: float) -> Estimate:
    """Where no answer was wrong, let the interval reach to what as few patients cannot rule out."""
    if found.value != 1:
        return found
    truth = (outcomes.labels == 1) == answer.malignant
    right = np.mean(answer.among(outcomes)[truth], keepdims=True)
    others = len(np.unique(outcomes.patients[~truth]))
    wrong = np.array([bound_share(0.0, others).high])
    return found._replace(low=float(_bayes(right, wrong, _share(answer, prevalence))[0]))
