"""Looking cues up by their words, so that a sentence is compared with the few that could stand in it."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Generic, NamedTuple, TypeVar

from chat_service.cues import Cue, tokens_of

Value = TypeVar("Value")
SHARED = 0.75
"""How fast a word loses weight with the topics that share it; tried on the questions of the tests."""


class WordMap(Generic[Value]):
    """Values by words that may have an open end."""

    def __init__(self) -> None:
        self._exact: dict[str, set[Value]] = {}
        self._prefixes: dict[str, set[Value]] = {}
        self._suffixes: dict[str, set[Value]] = {}
        self._lengths: set[int] = set()
        """Lengths of the beginnings that are known."""

    def add(self, choice: str, value: Value) -> None:
        """Add a value under a choice of a cue; one of several words goes under the first."""
        kind = self._exact
        if choice.endswith("*"):
            kind = self._prefixes
        elif choice.startswith("*"):
            kind = self._suffixes
        word = tokens_of(choice.strip("*"))[0]
        kind.setdefault(word, set()).add(value)
        if kind is self._prefixes:
            self._lengths.add(len(word))

    def of(self, token: str) -> set[Value]:
        """Return the values of a word."""
        found = set(self._exact.get(token, ()))
        for length in self._lengths:
            found.update(self._prefixes.get(token[:length], ()))
        if self._suffixes:
            for place in range(len(token)):
                found.update(self._suffixes.get(token[place:], ()))
        return found


class Weights:
    """How telling words are: one that belongs to a single topic says more than one that many share."""

    def __init__(self, cues: Iterable[tuple[str, Cue]]) -> None:
        self._topics: WordMap[str] = WordMap()
        for topic, cue in cues:
            for choice in _choices(cue.words):
                self._topics.add(choice, topic)

    def knows(self, token: str) -> bool:
        """Tell whether a word is one of a cue, be it by its beginning: "crushed" is no mistyped "crashed"."""
        return bool(self._topics.of(token))

    def weigh(self, tokens: Iterable[str]) -> float:
        """Return the weight of a row of words."""
        return sum(float(max(1, len(self._topics.of(token))) ** -SHARED) for token in tokens)


class Entry(NamedTuple):
    """A cue of a topic; `strong` unless it is a hint."""

    topic: str
    cue: Cue
    strong: bool


class Index:
    """Cues by their most telling word."""

    def __init__(self, entries: list[Entry], weights: Weights) -> None:
        self._entries = entries
        self._numbers: WordMap[int] = WordMap()

        @cache
        def telling(choice: str) -> float:
            return weights.weigh(tokens_of(choice.strip("*"))[:1])

        for number, entry in enumerate(entries):
            # A word is as telling as the least telling of its choices: any of them may be met.
            word = max(entry.cue.words, key=lambda word: min(map(telling, word.split("|"))))
            for choice in word.split("|"):
                self._numbers.add(choice, number)

    def candidates(self, tokens: Iterable[str]) -> list[Entry]:
        """Return the cues that could stand in a row of words."""
        numbers = set().union(*(self._numbers.of(token) for token in set(tokens)))
        return [self._entries[number] for number in sorted(numbers)]


def _choices(words: Iterable[str]) -> Iterator[str]:
    return (choice for word in words for choice in word.split("|"))
