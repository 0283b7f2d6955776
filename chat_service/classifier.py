"""A classifier of sentences: does one say what nothing supports? Logistic regression over hashed features.

The features are the words of a sentence, pairs of neighbours, pieces of three and four letters, and the
ideas in it, alone and in pairs. Weights of words belong to one language, those of ideas to all.
`tools.fit_guard` fits them to labelled texts; docs/decisions/0021-classifier.md says why.
"""

import math
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations, groupby, pairwise
from zlib import crc32

from chat_service.ideas import Idea

WORDS, IDEAS = 1 << 17, 1 << 13
"""Places for features of words and of ideas; features that share a place share its weight."""
STEPS = 8
"""How many steps of a weight make one unit; a weight is a signed byte."""
PIECES = (3, 4)
"""Letters of the pieces of a word."""
LONGEST = 40
"""Letters of a word that are looked at: what a hostile text makes us remember stays small."""


class Classifier:
    """The weights of one language.

    Args:
        weights: A signed byte each: that of every sentence, those of words, and those of ideas.

    Raises:
        ValueError: if there are more or fewer.
    """

    def __init__(self, weights: bytes) -> None:
        if len(weights) != 1 + WORDS + IDEAS:
            raise ValueError(f"{len(weights)} weights instead of {1 + WORDS + IDEAS}")
        everywhere, *_ = own = array("b", weights)
        self._everywhere, self._words, self._ideas = everywhere, own[1 : 1 + WORDS], own[1 + WORDS :]
        self._word = lru_cache(maxsize=8192)(self._weigh_word)
        self._meaning = lru_cache(maxsize=8192)(self._weigh_ideas)

    def doubt(self, words: Sequence[str], ideas: Sequence[Idea]) -> float:
        """Return the log-odds that a sentence says what nothing supports.

        Args:
            words: The words of the sentence, as they are compared.
            ideas: The ideas in it, in their order.
        """
        pairs = [self._words[place] for place in pair_places(words)]
        alone = [self._word(word[:LONGEST]) for word in words]
        said = sum(pairs) + sum(weight for weight, _ in alone), len(pairs) + sum(size for _, size in alone)
        return (self._everywhere + _scaled(*said) + self._meaning(tuple(ideas))) / STEPS

    def _weigh_word(self, word: str) -> tuple[int, int]:
        places = list(word_places(word))
        return sum(self._words[place] for place in places), len(places)

    def _weigh_ideas(self, ideas: tuple[Idea, ...]) -> float:
        weights = [self._ideas[place] for place in idea_places(ideas)]
        return _scaled(sum(weights), len(weights))


def _scaled(total: float, size: int) -> float:
    """Return a sum by the root of how many were added: weights were fitted to features scaled like this."""
    return total / math.sqrt(size) if size else 0.0


def word_places(word: str) -> Iterator[int]:
    """Yield the places of the features of one word."""
    yield crc32(word.encode()) % WORDS
    marked = f"<{word}>"
    for size in PIECES:
        for at in range(len(marked) - size + 1):
            yield crc32(f"#{marked[at : at + size]}".encode()) % WORDS


def pair_places(words: Sequence[str]) -> Iterator[int]:
    """Yield the places of the features of neighbours."""
    for pair in pairwise(("^", *words, "$")):
        yield crc32(" ".join(pair).encode()) % WORDS


def idea_places(ideas: Sequence[Idea]) -> Iterator[int]:
    """Yield the places of the features of ideas."""
    different = sorted(set(ideas))
    told = (idea for idea, _ in groupby(ideas))
    features = (
        different,
        map("+".join, combinations(different, 2)),
        map(">".join, pairwise(("^", *told, "$"))),
    )
    for kind in features:
        for feature in kind:
            yield crc32(feature.encode()) % IDEAS
