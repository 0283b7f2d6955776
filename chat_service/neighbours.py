"""The everyday question that a message is most like, for messages in which no cue stands.

Every language has a list of questions with what each is about. Rare words, beginnings of words and pairs
of words that two questions share make them alike; some of the likest together name the topic.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nlargest
from operator import itemgetter

Tokens = list[str]
NEAREST = 5
"""So many of the likest questions are asked."""
LEAST_ALIKE, LEAST_LEAD = 0.2, 0.4
"""How alike a question must be (0 to 1), and how far its topic must lead; tried on other questions."""
STEMS = (4, 6)
"""Lengths of the beginnings of words that are compared beside the words."""


@dataclass(frozen=True)
class Neighbours:
    """Questions by the features they hold."""

    topics: tuple[str, ...]
    rarity: dict[str, float]
    holders: dict[str, list[int]]
    lengths: tuple[float, ...]

    @classmethod
    def of(cls, questions: Iterable[tuple[str, Tokens]]) -> "Neighbours":
        """Learn questions, each with its topic and its words."""
        known = [(topic, set(_features(tokens))) for topic, tokens in questions]
        counts = Counter(feature for _, features in known for feature in features)
        rarity = {feature: math.log((len(known) + 1) / count) for feature, count in counts.items()}
        holders: dict[str, list[int]] = defaultdict(list)
        for number, (_, features) in enumerate(known):
            for feature in features:
                holders[feature].append(number)
        lengths = (math.sqrt(sum(rarity[feature] ** 2 for feature in features)) for _, features in known)
        return cls(tuple(topic for topic, _ in known), rarity, dict(holders), tuple(lengths))

    def topic_of(self, tokens: Tokens) -> str | None:
        """Return what the likest questions are about, if they are alike enough and agree."""
        alike: dict[int, float] = defaultdict(float)
        features = set(_features(tokens))
        for feature in features:
            weight = self.rarity.get(feature, 0.0) ** 2
            for number in self.holders.get(feature, ()):
                alike[number] += weight / self.lengths[number]
        unknown = max(self.rarity.values(), default=0.0)
        length = math.sqrt(sum(self.rarity.get(feature, unknown) ** 2 for feature in features))
        likest = nlargest(NEAREST, alike.items(), key=itemgetter(1))
        nearest = [(number, value / length) for number, value in likest]
        if not nearest or nearest[0][1] < LEAST_ALIKE:
            return None
        votes: dict[str, float] = defaultdict(float)
        for number, value in nearest:
            votes[self.topics[number]] += value**2
        (first, most), *others = nlargest(2, votes.items(), key=itemgetter(1))
        return first if not others or (most - others[0][1]) / most >= LEAST_LEAD else None


def _features(tokens: Tokens) -> Iterator[str]:
    before = "^"
    for token in tokens:
        yield token
        yield f"{before} {token}"
        yield from (f"{token[:stem]}-" for stem in STEMS if len(token) > stem)
        before = token
