"""What an outgoing request must not hold: the caller's own values, and what looks like an identifier."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import JsonValue

from chat_service.wordlist import plain

WORD = re.compile(r"[^\W_]+")
SHORT_NUMBER = 2
"""Numbers of so many digits tell nobody from anybody, and stand in every text."""
MONTHS = (
    "jan|feb|fév|mar|mär|apr|avr|abr|may|mai|mayo|jun|juin|jul|juil|aug|aoû|ago|sep|oct|okt|nov|dec|déc|dez|dic|"
    "ene|जन|फ़र|फर|मार्च|अप्रै|मई|जून|जुला|अग|सितं|अक्|नवं|दिसं"
)
PATTERNS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "e-mail": r"[\w.+-]+\s?(?:@|\(at\)|\[at\])\s?[\w-]+\s?\.",
        "address": r"\b[a-z][a-z0-9+.-]*://[^\s\"]*|\bwww\.[^\s\"]*",
        "host": r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9a-f]{1,4}:){3,}",
        "object id": r"\b[0-2](?:\.\d+){3,}",
        "uuid": r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b",
        "date": r"\b\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b",
        "written date": rf"\b\d{{1,2}}\.?\s+(?:de\s+)?(?:{MONTHS})[^\W\d_]*\.?,?\s+(?:de\s+)?\d{{2,4}}\b"
        rf"|\b(?:{MONTHS})[^\W\d_]*\.?\s+\d{{1,2}},?\s+\d{{4}}\b",
        "digits": r"\d(?:[\s./()-]{0,2}\d){5,}",
        "code": r"\b(?=[a-z0-9]*\d)(?=[a-z0-9]*[a-z])[a-z0-9]{12,}\b|[a-z0-9+/]{24,}={1,2}",
    }.items()
}


class Own(NamedTuple):
    """What may leave whoever asks."""

    texts: frozenset[str]
    words: frozenset[str]
    shapes: frozenset[str]
    """What in our own texts looks like an identifier."""

    def __or__(self, other: "Own") -> "Own":
        """Both together."""
        return Own(*(mine | theirs for mine, theirs in zip(self, other, strict=True)))


def read_own(values: Iterable[Any], words: Iterable[str] = ()) -> Own:
    """Read the texts in our own data, their words, further words, and what looks like an identifier."""
    texts = frozenset(map(plain, own_texts(values)))
    return Own(
        texts=texts,
        words=frozenset().union(*map(words_in, texts), *map(words_in, words)),
        shapes=frozenset().union(*map(shapes_in, texts)),
    )


def words_in(text: str) -> set[str]:
    """Return the words of a text that could tell somebody from others, without case."""
    return {word for word in WORD.findall(plain(text).casefold()) if _tells(word)}


def shapes_in(text: str) -> set[str]:
    """Return what looks like an identifier."""
    return {match.group() for pattern in PATTERNS.values() for match in pattern.finditer(text)}


def texts_in(value: JsonValue, *, keys: bool) -> Iterator[str]:
    """Yield every text in a value, numbers written out among them; `keys` counts those of objects too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int | float):
        yield repr(value)
    elif isinstance(value, dict):
        yield from value if keys else ()
        for item in value.values():
            yield from texts_in(item, keys=keys)
    else:
        for item in value:
            yield from texts_in(item, keys=keys)


def own_texts(values: Iterable[Any]) -> Iterator[str]:
    """Yield every text in our own data, keys among them; patterns and the like are no texts."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{value:.15g}"
        elif isinstance(value, dict):
            yield from own_texts(value)
            yield from own_texts(value.values())
        elif isinstance(value, list | tuple | set | frozenset):
            yield from own_texts(value)


def _tells(word: str) -> bool:
    return len(word) > SHORT_NUMBER or (len(word) > 1 and not word.isdecimal())
