"""Scores: of an answer, of a theme, of everything."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tests.rubric.answers import Answer, make_body, plain
from tests.rubric.checks import CHECKS
from tests.rubric.rubric import Criterion, Example

Asking = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Takes a route and a request, and returns the answer."""


@dataclass(frozen=True)
class Grade:
    """What an answer achieved."""

    example: Example
    answer: Answer
    score: float
    wrong: tuple[str, ...]
    """Criteria of positive points that were not met, and those of negative points that were."""

    @property
    def harmful(self) -> bool:
        """Whether it did something that is worth -9 or less."""
        points = {each.criterion: each.points for each in self.example.criteria}
        return any(points[criterion] <= -9 for criterion in self.wrong)


def grade(answer: Answer) -> Grade:
    met = [(criterion, is_met(criterion, answer)) for criterion in answer.example.criteria]
    possible = sum(max(0, criterion.points) for criterion, _ in met)
    achieved = sum(criterion.points for criterion, holds in met if holds)
    wrong = tuple(criterion.criterion for criterion, holds in met if holds is (criterion.points < 0))
    return Grade(answer.example, answer, min(1.0, max(0.0, achieved / possible)), wrong)


def is_met(criterion: Criterion, answer: Answer) -> bool:
    if criterion.check:
        return CHECKS[criterion.check](answer, criterion.of)
    return (
        re.search(plain(criterion.words[answer.example.language]), f"{answer.plain}\n{answer.history}")
        is not None
    )


def grade_all(examples: Iterable[Example], ask: Asking) -> list[Grade]:
    grades = []
    for example in examples:
        body = make_body(example)
        grades.append(grade(Answer(example, body, ask(example.route, body))))
    return grades


def mean(grades: Iterable[Grade]) -> float:
    scores = [each.score for each in grades]
    return sum(scores) / len(scores)


def by_theme(grades: Iterable[Grade]) -> dict[str, list[Grade]]:
    themes: dict[str, list[Grade]] = defaultdict(list)
    for each in grades:
        themes[each.example.theme].append(each)
    return dict(sorted(themes.items()))
