"""Cues: short rows of words by which a question is recognised, and the one form of text they are sought in.

`lose|losing breast|boob*` stands for "will I lose my breast?" and "am I losing the boobs": words in this
order, with up to two others between them. `word*` and `*word` leave an end open, `no_longer` is a
choice of two words, `_word` must follow directly, `...` lets up to eight words
stand between, `^` in front of the first word and `$` behind the last tie the cue to the ends of the sentence.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

GAP, WIDE_GAP = 2, 8
"""How many other words may stand between two words of a cue, and at `...`."""
ENDING = re.compile(r"['\u2018\u2019\u02bc`\u00b4](?=(?:t|s|m|re|ve|ll|d)(?![^\W_]))")
"""An apostrophe that English writes inside a word; elsewhere one parts two words, as in "j'ai"."""
TOKEN = re.compile(r"(?:[^\W_]|[\u0900-\u0963])+|[,():\u2013\u2014]")
SENTENCE = re.compile(r"[.!?;\n\u0964]+")
DECIMAL = re.compile(r"(?<=\d)[.,](?=\d)")
OPEN = r"\S*"
PAUSES = frozenset(",():\u2013\u2014")
"""Signs that are kept: a negation does not reach beyond them."""
INVISIBLE = (0xAD, *range(0x200B, 0x2010), *range(0x2060, 0x2065), 0xFEFF)
ALIKE = dict(zip("аеорсхуіјѕһԁкмтвнοαειυρτκ", "aeopcxyijshdkmtbhoaeiuptk", strict=True))
"""Letters of Cyrillic and Greek that look like Latin ones; no language here is written in them."""
SIMPLER: dict[int, str | None] = {
    **dict.fromkeys([*range(0x300, 0x370), 0x93C, *INVISIBLE]),
    **{ord(letter): plain for letter, plain in ALIKE.items()},
    **{ord(letter): plain for letter, plain in (("æ", "ae"), ("œ", "oe"), ("ø", "o"), ("ł", "l"))},
    0x901: "\u0902",
}
"""Accents and the nukta are dropped, as people do, and what is invisible; vowel signs of Devanagari stay."""


def fold(text: str) -> str:
    """Bring text into one form: small letters without accents, and Devanagari without its variants."""
    plain = ENDING.sub("", text.casefold())
    return plain if plain.isascii() else unicodedata.normalize("NFKD", plain).translate(SIMPLER)


def sentences(text: str) -> list[list[str]]:
    """Split a text into sentences of folded words and pauses."""
    pieces = SENTENCE.split(DECIMAL.sub("", fold(text)))
    return [tokens for piece in pieces if (tokens := TOKEN.findall(piece))]


def tokens_of(text: str) -> list[str]:
    """Split a text into folded words."""
    return TOKEN.findall(fold(text))


@dataclass(frozen=True)
class Cue:
    """A row of words to be found in a sentence; its patterns are made when they are first needed."""

    written: str
    source: str
    words: tuple[str, ...]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What the cue looks like in a sentence whose words are joined by spaces."""
        return re.compile(self.source)

    @cached_property
    def _own(self) -> re.Pattern[str]:
        return re.compile("|".join(_any_of(word).replace(r"\s", "|") for word in self.words))

    def holds(self, token: str) -> bool:
        """Tell whether a word is one of the cue's own."""
        return self._own.fullmatch(token) is not None


def read_cue(written: str) -> Cue:
    """Read a cue.

    Raises:
        ValueError: if it holds nothing to look for.
    """
    words: list[str] = []
    source = "^" if written.startswith("^") else r"(?<!\S)"
    gap = ""
    for part in written.split():
        if part == "...":
            gap = _between(WIDE_GAP)
            continue
        source += (r"\s" if words and part.startswith("_") else gap) + _any_of(part.strip("^_$"))
        words.append(part.strip("^_$"))
        gap = _between(GAP)
    if not words:
        raise ValueError(f"a cue without words: {written!r}")
    return Cue(written, source + ("$" if written.endswith("$") else r"(?!\S)"), tuple(words))


def _between(words: int) -> str:
    """Let so many other words stand between; signs do not count."""
    signs = rf"(?:[{''.join(sorted(PAUSES))}]\s)*"
    return rf"\s{signs}(?:\S+\s{signs}){{0,{words}}}?"


def _any_of(part: str) -> str:
    return f"(?:{'|'.join(_word(choice) for choice in part.split('|'))})"


def _word(choice: str) -> str:
    """Read one word; what folding splits, such as "j'ai", stays a row of words."""
    body = r"\s".join(re.escape(token) for token in tokens_of(choice.strip("*")))
    if not body:
        raise ValueError(f"a cue with an empty choice: {choice!r}")
    before, after = (OPEN if choice.startswith("*") else "", OPEN if choice.endswith("*") else "")
    return before + body + after


def vocabulary(cues: list[Cue]) -> set[str]:
    """Return the words of cues, for the repair of spelling."""
    choices = (choice.strip("*") for cue in cues for word in cue.words for choice in word.split("|"))
    return {token for choice in choices for token in tokens_of(choice)}
