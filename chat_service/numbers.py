"""The rule of numbers: a number in a text must also stand in the request or in the facts of the answer."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from contract import Explanation, Source

NUMBER = re.compile(r"\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)*")
GROUPED = re.compile(r"(?!0)\d{1,3}(?:,\d{2,3})*,\d{3}|(?!0)\d{1,3}(?:\.\d{3})+")
"""Thousands with comma or point, also in the Indian way (1,00,000)."""
PHONE = re.compile(r"(?<![\d.,])(?:112|911|999|988|116 ?123|116 ?117|3114|024|14416|108)(?!\d|[.,]\d)")
"""Emergency numbers, and the crisis lines that the knowledge base names."""
FREE = frozenset(float(number) for number in range(11))
"""Whole numbers from 0 to 10 say nothing that needs a source."""


def numbers_in(text: str, phones: re.Pattern[str] = PHONE) -> set[float]:
    """Return the numbers written in a text, in figures of any script; emergency numbers are no figures."""
    return {value_of(match) for match in NUMBER.findall(phones.sub(" ", text))}


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


def value_of(written: str) -> float:
    """Read a number in figures: 1,022 and 1.022 and 1 022 group thousands; other commas are decimal ones.

    What stands last, comma or point, is the decimal sign where both occur (1.234,5 and 1,234.5).
    """
    plain = "".join(_digit(sign) for sign in written if not sign.isspace())
    if GROUPED.fullmatch(plain):
        return float(re.sub("[.,]", "", plain))
    place = max(plain.rfind("."), plain.rfind(","))
    if place < 0:
        return float(plain)
    return float(f"{re.sub('[.,]', '', plain[:place])}.{plain[place + 1 :]}")


def _digit(sign: str) -> str:
    return sign if sign in ".," else str(unicodedata.digit(sign))
