"""The rule of numbers: a number in a text must also stand in the request or in the facts of the answer."""

import re
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from contract import Explanation, Source

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
PHONE = re.compile(r"\b(?:112|911|999|988|116 123)\b")
"""Emergency numbers, and the crisis lines that the knowledge base names."""
FREE = frozenset(float(number) for number in range(11))
"""Whole numbers from 0 to 10 say nothing that needs a source."""


def numbers_in(text: str) -> set[float]:
    """Return the numbers written in a text, in figures; emergency numbers are no figures."""
    return {_value(match) for match in NUMBER.findall(PHONE.sub(" ", text))}


def numbers_of(value: JsonValue) -> set[float]:
    """Return the numbers of a JSON value; what stands inside its strings is text and does not count."""
    if isinstance(value, bool):
        return set()
    if isinstance(value, int | float):
        return {float(value)}
    if isinstance(value, Mapping):
        return set().union(*(numbers_of(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(numbers_of(item) for item in value))
    return set()


def facts_of(answer: Explanation) -> set[float]:
    """Return the numbers of the structured facts: stage shares, survival figures, source statements."""
    known = {share.percent for share in answer.stage.distribution} | stated_in(answer.sources)
    if answer.untreated_survival:
        known |= numbers_of(answer.untreated_survival.model_dump(include={"median_years", "survival"}))
    return known


def stated_in(sources: Iterable[Source]) -> set[float]:
    """Return the numbers of the facts as published."""
    return set().union(*(numbers_in(source.statement) for source in sources))


def texts_of(answer: Explanation) -> list[str]:
    """Return every text of an answer that the rule of numbers applies to."""
    texts = [answer.summary, answer.explanation, answer.stage.reason, *answer.stage.needed]
    texts += [text for action in answer.actions for text in (action.title, action.detail)]
    texts += [text for person in answer.specialists for text in (person.name, person.role)]
    if answer.untreated_survival:
        texts += [answer.untreated_survival.statement, answer.untreated_survival.caveat]
    return texts


def unsupported_numbers(texts: Iterable[str], known: set[float]) -> set[float]:
    """Return the numbers in the texts that neither stand among the known ones nor are free."""
    return set().union(*(numbers_in(text) for text in texts)) - known - FREE


def _value(written: str) -> float:
    """Read a number in figures; a comma groups thousands where it can, and is a decimal comma otherwise."""
    if THOUSANDS.fullmatch(written):
        return float(written.replace(",", ""))
    head, *tail = re.split("[.,]", written)
    return float(f"{head}.{''.join(tail)}")
