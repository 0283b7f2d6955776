"""The free text of a question, reduced to what is recognised: all of it that ever leaves the house.

Hunting for names misses some. Here a word leaves only if it stands in the list of everyday words or in our
own knowledge texts, and only where it cannot well be a name; everything else, every number included, becomes
one ellipsis. Which unknown word stood there has no influence on what is kept.
"""

from collections.abc import Iterator, Sequence
from typing import Self

from chat_service.company import PARTICLES, drop_in_doubt
from chat_service.knowledge import Knowledge
from chat_service.tokens import ENDS, STARTS, Token, read
from chat_service.wordlist import Phrase, WordList, read_phrases, read_words

ELLIPSIS = "…"
MAX_LENGTH = 4000
"""Characters of one turn that are looked at; what follows is not sent."""
LONGEST_NAME = 8
LONGEST_PHRASE = 5
SHORT_TAIL = 6
"""So many words at most after a closing are a signature."""


class Vocabulary:
    """Keeps the recognised words of a text."""

    def __init__(self, words: WordList, phrases: dict[str, frozenset[Phrase]]) -> None:
        self._words = words
        self._phrases = phrases
        self._abbreviations = frozenset(phrase[0] for phrase in phrases["titles"] if len(phrase) == 1)

    @classmethod
    def of(cls, knowledge: Knowledge, language: str) -> Self:
        """Read the vocabulary of a language, a key of `knowledge.languages`.

        Raises:
            KnowledgeInvalid: if its file of everyday words is missing or malformed.
        """
        return cls(read_words(knowledge, language), read_phrases())

    def keep(self, text: str) -> str:
        """Return the recognised words in lower case, with an ellipsis for all else; empty if none is left."""
        return self.keep_turns([text])[0]

    def keep_turns(self, texts: Sequence[str]) -> list[str]:
        """Do so with each turn of a conversation, in order.

        Who is asked for a name, or ends a turn with `my name is`, may say it in the next.
        """
        kept, introduced = [], False
        for text in texts:
            tokens = read(text[:MAX_LENGTH], self._words, self._abbreviations)
            if introduced:
                self._after_introduction(tokens, 0)
            introduced = self._drop_named(tokens)
            drop_in_doubt(tokens, self._words)
            kept.append(_write(tokens))
        return kept

    def _drop_named(self, tokens: list[Token]) -> bool:
        """Drop what stands beside introductions, titles and greetings; tell if one was left open."""
        open_ended = False
        for start, end, kind in self._found(tokens):
            if kind == "introductions":
                open_ended |= self._after_introduction(tokens, end)
            elif kind == "afterwards":
                _before(tokens, start)
            elif kind == "asked":
                open_ended = True
            elif kind == "closings" and _opens(tokens, start):
                self._after_closing(tokens, end)
            else:
                open_ended |= self._after_title(tokens, end, kind)
        return open_ended

    def _found(self, tokens: list[Token]) -> Iterator[tuple[int, int, str]]:
        for start in range(len(tokens)):
            cores = tuple(token.core for token in tokens[start : start + LONGEST_PHRASE])
            for length in range(1, len(cores) + 1):
                for kind, phrases in self._phrases.items():
                    if cores[:length] in phrases:
                        yield start, start + length, kind

    def _after_introduction(self, tokens: list[Token], start: int) -> bool:
        """Drop a name up to the next mark or function word; tell whether there was nothing at all."""
        dropped = 0
        for place in range(_skip_marks(tokens, start), min(len(tokens), start + LONGEST_NAME + 2)):
            token = tokens[place]
            if token.mark:
                if token.core not in {",", "\n"} or not _looks_named(tokens, place + 1):
                    break
            elif self._ends_a_name(token):
                break
            else:
                token.drop()
                dropped += 1
        return not dropped and _skip_marks(tokens, start) >= len(tokens)

    def _ends_a_name(self, token: Token) -> bool:
        core = token.core
        listed = core in self._words.medical or (core in self._words.function and core not in PARTICLES)
        return token.kept and not token.ambiguous and listed

    def _after_title(self, tokens: list[Token], start: int, kind: str) -> bool:
        """Drop what may be a name; after a title also the first word with a capital, whatever it is."""
        place = _skip_marks(tokens, start) if kind != "titles" else start
        first = place
        if kind != "prepositions":
            for token in tokens[first : self._last_unknown(tokens, first)]:
                token.drop()
        while place < min(len(tokens), first + LONGEST_NAME) and not tokens[place].mark:
            token = tokens[place]
            titled = kind == "titles" and place == first and token.capital
            if token.kept and not (token.ambiguous or titled or token.core in PARTICLES):
                break
            if token.core not in PARTICLES or _looks_named(tokens, place + 1):
                token.drop()
            place += 1
        return first >= len(tokens)

    def _last_unknown(self, tokens: list[Token], start: int) -> int:
        """Return the place of the last unknown word before a mark or a function word, else `start`."""
        last = start
        for place, token in enumerate(tokens[start : start + LONGEST_NAME], start):
            if token.mark or self._ends_a_name(token):
                break
            last = place if token.dropped else last
        return last

    def _after_closing(self, tokens: list[Token], start: int) -> None:
        """Drop a signature; thanks that go on in common words are none."""
        tail = [token for token in tokens[start:] if not token.mark]
        if len(tail) <= SHORT_TAIL:
            signed = any(token.dropped or token.capital or token.ambiguous for token in tail)
            for token in tail if signed else ():
                token.drop()
        else:
            self._after_title(tokens, start, "closings")


def _skip_marks(tokens: list[Token], start: int) -> int:
    while start < len(tokens) and tokens[start].mark:
        start += 1
    return start


def _looks_named(tokens: list[Token], place: int) -> bool:
    """Tell whether a word is dropped already, has a capital, or is a name as well."""
    if place >= len(tokens) or tokens[place].mark:
        return False
    token = tokens[place]
    return token.dropped or token.capital or token.ambiguous or token.core in PARTICLES


def _opens(tokens: list[Token], place: int) -> bool:
    return place == 0 or tokens[place - 1].mark


def _before(tokens: list[Token], place: int) -> None:
    """Drop what stands before `is my name` in the same sentence."""
    for token in reversed(tokens[max(0, place - LONGEST_NAME) : place]):
        if token.core in ENDS:
            return
        token.drop()


def _write(tokens: list[Token]) -> str:
    """Write words, one ellipsis for anything dropped between them, and the ends of sentences."""
    written: list[str] = []
    for token in tokens:
        last = written[-1] if written else ""
        if token.mark:
            end = "?" if token.core == "?" else "."
            if token.core in ENDS - STARTS and last not in {"", "?", ".", ELLIPSIS}:
                written.append(end)
        elif not token.kept:
            written += [] if last == ELLIPSIS else [ELLIPSIS]
        elif token.core != last:
            written.append(token.core)
    if set(written) <= {ELLIPSIS, ".", "?"}:
        return ""
    return " ".join(written).replace(" ?", "?").replace(" .", ".")
