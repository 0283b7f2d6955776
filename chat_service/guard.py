"""The guard over prose that a language model wrote. It forbids; it does not demand style."""

import re
import unicodedata
from collections.abc import Iterable

from chat_service.knowledge import Words
from chat_service.numbers import unsupported_numbers

SENTENCE_END = re.compile(r"(?<=[.!?;:])\s+|\n+")
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
SHORT = 4
"""A sentence of fewer words tells nothing of its language."""
ACCENTED = "àâäçèéêëîïôöùûü"
"""Letters beyond ASCII that English words may hold."""


def objections(text: str, words: Words, *, known_numbers: set[float], survival_allowed: bool) -> set[str]:
    """Return what is wrong with a text, as short codes; an empty set means that it may be shown.

    Args:
        text: Prose as the model wrote it.
        words: What the language forbids.
        known_numbers: Numbers of the facts that were handed over.
        survival_allowed: Whether survival may be spoken of at all, without figures.
    """
    plain = unicodedata.normalize("NFKC", text).translate(QUOTES)
    found = {"number"} if unsupported_numbers([plain], known_numbers) else set()
    found |= {"character"} if any(_is_odd(character) for character in plain) else set()
    for sentence in SENTENCE_END.split(plain):
        found |= _objections_to(sentence, words)
        found |= _survival(sentence, words, survival_allowed)
    # What is forbidden must not hide behind a line break or a full stop.
    return found | _forbidden(" ".join(plain.split()), words)


QUOTES = str.maketrans(
    dict.fromkeys("\u2018\u2019\u02bc", "'") | dict.fromkeys("\u2010\u2011\u2012\u2212", "-")
)


def _objections_to(sentence: str, words: Words) -> set[str]:
    tokens = [token.casefold() for token in WORD.findall(sentence)]
    foreign = len(tokens) >= SHORT and words.function_words.isdisjoint(tokens)
    return {"language"} if foreign else set()


def _forbidden(text: str, words: Words) -> set[str]:
    for hedge in words.hedges:
        text = hedge.sub(" … ", text)
    return {code for code, patterns in words.forbidden.items() if _any(patterns, text)}


def _survival(sentence: str, words: Words, allowed: bool) -> set[str]:
    if not _any(words.survival, sentence):
        return set()
    figure = re.search(r"\d", sentence) or _any(words.quantifiers, sentence)
    return set() if allowed and not figure else {"survival"}


def _is_odd(character: str) -> bool:
    """Tell whether a character has no place in plain English prose: look-alikes, controls, other scripts."""
    if character in "\n\t…" or character.isascii():
        return not (character.isprintable() or character in "\n\t")
    if character.isalpha():
        return character.casefold() not in ACCENTED
    return unicodedata.category(character) not in {"Pd", "Pi", "Pf", "Po", "Zs"}


def _any(patterns: Iterable[re.Pattern[str]], text: str) -> bool:
    return any(pattern.search(text) for pattern in patterns)
