"""Figures in a passage: numbers in words, and what numbers are counted in."""

from collections.abc import Mapping
from itertools import zip_longest
from typing import NamedTuple

from chat_service.ideas import Idea
from chat_service.numbers import value_of
from chat_service.passage import Passage

TENS = 10
"""Number words up to here need no source."""
HUNDRED, THOUSAND = 100, 1000
QUATRE_VINGT = (4, 20)
"""The one place where French multiplies below a hundred."""
ROMAN_NUMBERS = frozenset(["ii", "iii", "vii", "viii", "ix", "xi", "xii", "xiii", "xiv", "xv", "xvi", "xx"])
"""Roman numbers that are no words of any language here."""


class Number(NamedTuple):
    """A number in a passage: its value, the words it is written in, and whether in figures."""

    value: float
    first: int
    last: int
    written_out: bool


Figure = tuple[str, float, float]
"""What is counted, and one number or two."""


def numbers_of_passage(passage: Passage, numerals: Mapping[str, float]) -> list[Number]:
    """Return the numbers of a passage, in figures and in words."""
    found, at = [], 0
    while at < len(passage.words):
        word, end = passage.words[at], at
        if word[0].isdecimal():
            found.append(Number(value_of(word) if word.isdecimal() or _is_figure(word) else 0, at, at, False))
        elif word in numerals:
            while end + 1 < len(passage.words) and passage.words[end + 1] in numerals:
                end += 1
            values = [numerals[passage.words[place]] for place in range(at, end + 1)]
            found.append(Number(_composed(values), at, end, True))
        at = end + 1
    return found


def _is_figure(word: str) -> bool:
    return all(sign.isdecimal() or sign in ".," for sign in word)


def _composed(values: list[float]) -> float:
    """Return the number that number words make together: forty two, quatre vingt dix, three hundred."""
    total = current = 0.0
    for value in values:
        if value >= THOUSAND:
            total, current = total + max(current, 1) * value, 0
        elif value == HUNDRED or (current, value) == QUATRE_VINGT:
            current = max(current, 1) * value
        else:
            current += value
    return total + current


def counted(passage: Passage, numbers: list[Number]) -> set[Figure]:
    """Return the percentages, durations and shares of a passage; a bare per cent sign counts as zero."""
    starts: dict[tuple[Idea, int], int] = {(hit.idea, hit.first): hit.last for hit in passage.hits}
    percents = {place for idea, place in starts if idea == "percent"}
    found: set[Figure] = set()
    for number, following in zip_longest(numbers, numbers[1:]):
        after = number.last + 1
        if after in percents:
            found.add(("percent", number.value, 0))
            percents.discard(after)
        alone = number.written_out and number.value == 1
        if not alone and any(("time", place) in starts for place in (after, after + 1)):
            found.add(("time", number.value, 0))
        link = starts.get(("among", after))
        if following and link is not None and following.first in (link + 1, link + 2):
            found.add(("share", number.value, following.value))
    return found | {("percent", 0, 0) for _ in percents}


def places_of_amounts(passage: Passage, numbers: list[Number]) -> set[int]:
    """Return where amounts begin.

    A written-out one is an article unless a time, a share or a word of survival follows: "only one survived".
    """
    units = {hit.first for hit in passage.hits if hit.idea in {"time", "among", "percent", "survival"}}
    return {
        number.first
        for number in numbers
        if not (number.written_out and number.value == 1)
        or not units.isdisjoint((number.last + 1, number.last + 2))
    }
