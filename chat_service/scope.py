"""What prose of a model may be made of: plain words, and beyond them only what one of the facts says."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

SHORTEST = 2
"""Letters that a beginning has at least."""
LONG = 9
"""Letters of a word up to which the beginning may be that short: words run together are long."""
STEM = 7
"""Letters after which only the ending of a word may differ."""


class Plain:
    """Words that need no ground, of one language; `*` is any ending."""

    def __init__(self, patterns: Iterable[str], fold: Callable[[str], str]) -> None:
        folded = [part for pattern in patterns for part in fold(pattern).replace("'", " ").split()]
        self._whole = {word for word in folded if not word.endswith("*")}
        self._beginnings = {word[:-1] for word in folded if word.endswith("*")}
        self.holds = lru_cache(maxsize=8192)(self._holds)

    def _holds(self, word: str) -> bool:
        """Tell whether a word, as it is compared, needs no ground."""
        if word in self._whole or not word[0].isalpha():
            return True
        least = SHORTEST if len(word) <= LONG else LONG // 2
        return any(word[:size] in self._beginnings for size in range(least, len(word) + 1))


def is_grounded(strange: Sequence[str], facts: Iterable[frozenset[str]]) -> bool:
    """Tell whether one fact holds all the strange words of a sentence, up to the endings of long ones."""
    stems = {word[:STEM] for word in strange}
    return not stems or any(stems <= fact for fact in facts)
