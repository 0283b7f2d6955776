"""A text as words and marks, and which of the words are recognised for themselves."""

import re
import unicodedata
from dataclasses import dataclass

from chat_service.wordlist import WordList, plain

PIECE = re.compile(r"\n|[,;!?()\[\]{}\"«»“”„¿¡…।|]|[^\s,;!?()\[\]{}\"«»“”„¿¡…।|]+")
EDGES = "'.:-\u2013\u2014*_~"
STARTS = frozenset({"¿", "¡"})
ENDS = frozenset({".", "!", "?", "…", "।", "\n", ":"}) | STARTS
"""Marks after which a capital says nothing."""
SHOUTED, SHOUT_LENGTH = 0.7, 8
"""From this share of capitals on, in a text of at least so many letters, capitals say nothing at all."""


@dataclass(slots=True)
class Token:
    """A word of a text, or a mark."""

    core: str
    """The word without case, or the mark."""
    kept: bool = False
    ambiguous: bool = False
    capital: bool = False
    mark: bool = False

    def drop(self) -> None:
        """Keep this from leaving, unless it is a mark."""
        self.kept = False

    @property
    def dropped(self) -> bool:
        """Whether this becomes an ellipsis."""
        return not self.mark and not self.kept


def read(text: str, words: WordList, abbreviations: frozenset[str]) -> list[Token]:
    """Split a text and say of each word whether it is in the list and written as it stands there.

    Args:
        text: What somebody wrote.
        words: What is recognised.
        abbreviations: Words whose full stop ends no sentence.
    """
    text = plain(text)
    shouted = _is_shouted(text)
    tokens: list[Token] = []
    for piece in PIECE.findall(text.casefold() if shouted else text):
        core = piece.strip(EDGES)
        if not core or piece == "\n":
            tokens.append(Token(piece[-1], mark=True))
        elif len(piece) == 1 and not core.isalnum():
            tokens += _symbol(piece)
        else:
            opens = not tokens or tokens[-1].core in ENDS
            tokens.append(_word(core, words, opens=opens, shouted=shouted))
            stop = piece[-1] in ".:" and not (len(core) == 1 or core.casefold() in abbreviations)
            tokens += [Token(piece[-1], mark=True)] if stop else []
    return tokens


def _symbol(character: str) -> list[Token]:
    """Let punctuation be a mark and leave out pictures; any other symbol is something unknown."""
    category = unicodedata.category(character)
    if category == "So":
        return []
    return [Token(character, mark=category[0] == "P" and character not in "@#&%/\\")]


def _word(core: str, words: WordList, *, opens: bool, shouted: bool) -> Token:
    plain_core = core.casefold()
    capital = core != plain_core
    rest = _rest(core, words)
    fits = (
        not capital or core in words.capitalised or rest in words.capitalised or (opens and _is_title(core))
    )
    ambiguous = bool({plain_core, rest.casefold()} & words.ambiguous)
    kept = fits and _is_listed(plain_core, words) and not (shouted and ambiguous)
    return Token(plain_core, kept, ambiguous, capital)


def _is_listed(core: str, words: WordList) -> bool:
    if core in words.words:
        return True
    rest = _rest(core, words)
    if rest != core:
        return _is_listed(rest, words)
    parts = core.split("-")
    return len(parts) > 1 and all(
        part in words.words and part not in words.ambiguous and len(part) > 1 for part in parts
    )


def _rest(core: str, words: WordList) -> str:
    """Take an article in front (`l'`) or an ending (`'s`) off a word."""
    if core.casefold() in words.words:
        return core
    head, apostrophe, tail = core.partition("'")
    if apostrophe and f"{head.casefold()}'" in words.words:
        return tail
    if apostrophe and f"'{tail.casefold()}" in words.words:
        return head
    return core


def _is_title(core: str) -> bool:
    return core[1:] == core[1:].casefold()


def _is_shouted(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    capitals = sum(character.isupper() for character in letters)
    return len(letters) >= SHOUT_LENGTH and capitals >= SHOUTED * len(letters)
