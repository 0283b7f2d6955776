"""Ideas in a text: words and phrases of one language, and what they stand for in every language."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

Idea = Literal[
    # who and what is spoken of
    "you", "yours", "thing", "everything", "disease", "benign", "treatment", "doctor-claim",
    # what is said of it
    "have", "be", "shown", "established", "cleared", "excluded", "diagnosed", "verdict", "cause",
    "spread", "certain", "likely", "fine", "calm", "omen", "promise", "recover", "needless", "stop", "wait",
    "instead", "urge", "chance",
    # what softens it
    "open", "condition", "maybe", "like", "not", "cannot", "general", "neutral", "before", "together",
    # single words
    "answer", "survival", "alarm", "quantity", "stage", "degree", "grade", "receptor", "polarity",
    "medicine", "dose", "subtype", "percent", "fraction", "span", "time", "among", "rank", "leak",
    "contact", "citation", "reads",
]  # fmt: skip
"""What a guard has to recognise; every language says how it is said."""
SOFT = frozenset(
    {"open", "condition", "maybe", "like", "not", "cannot", "general", "neutral", "before", "together"}
)
"""Ideas that make others harmless."""
GAP = 5
"""How many words may stand where a phrase has three dots."""
KEY = 3
"""By so many letters phrases are looked up."""
TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[\w\u0900-\u0963\u0970-\u097f]+|%")


class Hit(NamedTuple):
    """Where an idea stands: the numbers of its first and its last word."""

    idea: Idea
    first: int
    last: int
    solid: bool = True
    """Whether every word between belongs to it; a phrase with a gap says nothing of the words in the gap."""


Phrase: TypeAlias = tuple[Idea, tuple[str, ...]]


class _Beginning(NamedTuple):
    """What may begin with a word: ideas of one word, and phrases by how the next word of theirs begins."""

    alone: list[Idea]
    close: dict[str, list[Phrase]]
    """Phrases whose second word follows at once."""
    apart: dict[str, list[Phrase]]
    """Phrases with a gap behind their first word."""
    others: list[Phrase]

    def add(self, phrase: Phrase) -> None:
        """Add a phrase of several words."""
        words = phrase[1]
        gap = words[1] == "..."
        following = words[1 + gap] if len(words) > 1 + gap else "*"
        if following.startswith("*") or (following.endswith("*") and len(following) <= KEY):
            self.others.append(phrase)
        else:
            (self.apart if gap else self.close).setdefault(following[:KEY].rstrip("*"), []).append(phrase)

    def phrases(self, ahead: list[str]) -> Iterator[Phrase]:
        """Yield what may stand here, by the words that follow."""
        yield from self.others
        if ahead:
            yield from self.close.get(ahead[0][:KEY], ())
        for key in {word[:KEY] for word in ahead} if self.apart else ():
            yield from self.apart.get(key, ())


class Lexicon:
    """Finds the ideas of one language. `*` in a phrase is any ending or beginning, `...` up to five words."""

    def __init__(self, ideas: Mapping[Idea, Iterable[str]], fold: Callable[[str], str]) -> None:
        phrases = [(idea, tuple(_split(fold(text)))) for idea, texts in ideas.items() for text in texts]
        self._exact: dict[str, list[Phrase]] = {}
        self._by_start: dict[str, list[Phrase]] = {}
        self._loose: list[Phrase] = []
        for phrase in phrases:
            first = phrase[1][0]
            if "*" not in first:
                self._exact.setdefault(first, []).append(phrase)
            elif first.startswith("*") or len(first) <= KEY:
                self._loose.append(phrase)
            else:
                self._by_start.setdefault(first[:KEY], []).append(phrase)
        self._beginning = lru_cache(maxsize=8192)(self._look_up)

    def find(self, words: list[str], parts: list[int]) -> list[Hit]:
        """Return the ideas in a row of words, in their order; a neutral phrase takes its words out.

        Args:
            words: The words.
            parts: The number of the part that each word stands in; nothing is softened from another part.
        """
        hits: dict[Hit, None] = {}
        for place, word in enumerate(words):
            beginning = self._beginning(word)
            for idea in beginning.alone:
                hits[Hit(idea, place, place)] = None
            for idea, phrase in beginning.phrases(words[place + 1 : place + 2 + GAP]):
                end = _end(phrase, words, place)
                if end is None:
                    continue
                solid = "..." not in phrase
                if parts[place] == parts[end] or (solid and idea not in SOFT):
                    hits[Hit(idea, place, end, solid)] = None
        neutral = [hit for hit in hits if hit.idea == "neutral"]
        taken = {place for hit in neutral for place in range(hit.first, hit.last + 1)}
        return [hit for hit in hits if hit.first not in taken or not any(_within(hit, by) for by in neutral)]

    def _look_up(self, word: str) -> _Beginning:
        loose = (*self._by_start.get(word[:KEY], ()), *self._loose)
        phrases = [*self._exact.get(word, ()), *(one for one in loose if _fits(one[1][0], word))]
        beginning = _Beginning([idea for idea, phrase in phrases if len(phrase) == 1], {}, {}, [])
        for idea, phrase in phrases:
            if len(phrase) > 1:
                beginning.add((idea, phrase))
        return beginning


def _split(text: str) -> list[str]:
    return re.findall(r"\.\.\.|\*?[\w\u0900-\u0963\u0970-\u097f]+\*?|%", text)


def _within(hit: Hit, other: Hit) -> bool:
    return other.first <= hit.first and hit.last <= other.last


def _fits(pattern: str, word: str) -> bool:
    if "*" not in pattern:
        return word == pattern
    stem = pattern.strip("*")
    if pattern.startswith("*"):
        return stem in word if pattern.endswith("*") else word.endswith(stem)
    return word.startswith(stem) if pattern.endswith("*") else word == stem


def _end(phrase: tuple[str, ...], words: list[str], place: int) -> int | None:
    """Return where a phrase that starts at a place ends, or None; gaps are as short as they can be."""
    at = place
    reach = 1
    for pattern in phrase[1:]:
        if pattern == "...":
            reach = 1 + GAP
            continue
        # A loop: this is where most of a judgement's time is spent.
        for following in range(at + 1, min(at + 1 + reach, len(words))):
            if _fits(pattern, words[following]):
                break
        else:
            return None
        at, reach = following, 1
    return at
