"""Which topics a message touches: cues are weighed against each other, typing mistakes are repaired first."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from chat_service.cues import Cue, read_cue, sentences, tokens_of, vocabulary
from chat_service.danger import Danger
from chat_service.knowledge import ChatTexts, Topic
from chat_service.lookup import Entry, Index, Weights
from chat_service.negation import Negation
from chat_service.neighbours import Neighbours
from chat_service.romanised import Romanised

SHORT, LONG = 5, 8
"""Words from these lengths on may hold one wrong letter, or two."""
REACH = {"crisis": 1, "emergency": 5}
"""How many words further a negation is still felt; in words of suicide only where it stands right beside."""
ALARM = 1000
"""Weight of a cue of danger beside its words."""
CHUNK = 60
"""Longer sentences are read in pieces of so many words."""
Tokens = list[str]


class Found(NamedTuple):
    """A cue in a sentence: which words it covers, and how telling its own words are; danger outweighs all."""

    topic: str
    start: int
    end: int
    strong: bool
    weight: float


@dataclass(frozen=True)
class Recogniser:
    """The cues of one language."""

    texts: ChatTexts
    topics: Mapping[str, Topic]
    words: frozenset[str]
    repairable: Mapping[str, list[str]]
    weights: Weights
    index: Index
    urgent: Index
    negation: Negation
    idioms: Index
    romanised: Romanised
    neighbours: Neighbours

    @classmethod
    def of(
        cls,
        texts: ChatTexts,
        topics: Mapping[str, Topic],
        everyday: Iterable[str],
        questions: Mapping[str, Iterable[str]],
    ) -> "Recogniser":
        """Collect the words of a language.

        Args:
            texts: Its cues.
            topics: How urgent each topic is.
            everyday: Words that are never taken for mistyped ones.
            questions: Examples of what is asked, by topic.
        """
        talk = texts.talk
        entries = [Entry(name, cue, True) for name, text in texts.topics.items() for cue in text.cues]
        entries += [Entry(name, cue, False) for name, text in texts.topics.items() for cue in text.hints]
        cues = [entry.cue for entry in entries]
        known = vocabulary([*cues, *talk.more, *talk.why, *talk.figures_off, *talk.figures_on])
        repairable: dict[str, list[str]] = {}
        for word in sorted(word for word in known if len(word) >= SHORT):
            repairable.setdefault(word[0], []).append(word)
        weights = Weights((entry.topic, entry.cue) for entry in entries)
        common = [token for word in everyday for token in tokens_of(word)]
        found = cls(
            texts=texts,
            topics=topics,
            words=frozenset(known.union(common)),
            repairable=repairable,
            weights=weights,
            index=Index(entries, weights),
            urgent=Index([entry for entry in entries if topics[entry.topic].rank in REACH], weights),
            negation=Negation.of(talk),
            idioms=Index([Entry(said, read_cue(cue), True) for cue, said in talk.idioms.items()], weights),
            romanised=Romanised.of([*sorted(known), *common]),
            neighbours=Neighbours.of([]),
        )
        asked = [
            (topic, tokens)
            for topic, texts_ in questions.items()
            for text in texts_
            for tokens in found.split(text)
        ]
        return replace(found, neighbours=Neighbours.of(asked))

    def read(self, message: str) -> list[Tokens]:
        """Split a message into sentences of words, spelt out and repaired."""
        return self.repair(self.split(message))

    def repair(self, split: list[Tokens]) -> list[Tokens]:
        """Mend the typing mistakes of a message that is in this language."""
        return [[self._repair(token) for token in tokens] for tokens in split]

    def split(self, message: str) -> list[Tokens]:
        """Split a message into sentences of words, spelt out only: it may be in another language."""
        pieces = [
            [word for token in tokens for word in self._spelt(token).split()] for tokens in sentences(message)
        ]
        return [tokens[at : at + CHUNK] for tokens in pieces for at in range(0, len(tokens), CHUNK)]

    def plain(self, split: list[Tokens]) -> str | None:
        """Say figures of speech in plain words; nothing if there are none."""
        told = [self._plain(tokens) for tokens in split]
        return None if told == split else ".\n".join(map(" ".join, told))

    def find(self, split: list[Tokens], *, hints: bool = True) -> list[str]:
        """Return the topics of a message but dangers, in the order of their places."""
        found = [entry for tokens in split for entry in _disjoint(self._found(tokens, hints))]
        strong = any(entry.strong for entry in found)
        told = [entry.topic for entry in found if entry.strong or not strong]
        return [topic for topic in dict.fromkeys(told) if self.topics[topic].rank not in REACH]

    def guess(self, split: list[Tokens]) -> list[str]:
        """Return what known questions are about that are much like the sentences of a message; no danger."""
        guesses = [self.neighbours.topic_of(tokens) for tokens in split]
        return [topic for topic in dict.fromkeys(guesses) if topic and self._may_be_guessed(topic)]

    def _may_be_guessed(self, topic: str) -> bool:
        return topic in self.topics and self.topics[topic].rank not in REACH

    def known_words(self, split: list[Tokens]) -> int:
        """Return how many words of a message belong to this language, as far as it is known."""
        return sum(token in self.words for tokens in split for token in tokens)

    def places(self, cues: Iterable[Cue], split: list[Tokens]) -> list[tuple[int, int, int]]:
        """Return where cues stand: sentence, first word, and the word after the last."""
        return sorted(
            (number, *_covered(text, match))
            for number, text in enumerate(map(" ".join, split))
            for cue in cues
            for match in cue.pattern.finditer(text)
        )

    def dangers(self, split: list[Tokens]) -> list[Danger]:
        """Return where words of danger stand, also where they are negated."""
        found = []
        for number, tokens in enumerate(split):
            for entry, start, end in _matches(self.urgent, tokens):
                negated = self._negated(entry, tokens, start, end)
                found.append(Danger(entry.topic, number, start, end, negated))
        return found

    def _spelt(self, token: str) -> str:
        spelt = self.texts.talk.spellings.get(token)
        return self.romanised.read(token) if spelt is None else spelt

    def _plain(self, tokens: Tokens) -> Tokens:
        for entry in self.idioms.candidates(tokens):
            plain, count = entry.cue.pattern.subn(partial(self._meant, entry), " ".join(tokens))
            tokens = plain.split() if count else tokens
        return tokens

    def _meant(self, entry: Entry, match: re.Match[str]) -> str:
        """Say one figure of speech plainly, unless a negation stands in it: "has not stopped" is no idiom."""
        between = {token for token in match.group().split() if not entry.cue.holds(token)}
        return match.group() if between & self.negation.before else entry.topic

    def _found(self, tokens: Tokens, hints: bool) -> list[Found]:
        found = []
        for entry, start, end in _matches(self.index, tokens):
            if (entry.strong or hints) and not self._negated(entry, tokens, start, end):
                weight = self.weights.weigh(filter(entry.cue.holds, tokens[start:end]))
                weight += ALARM if self.topics[entry.topic].rank in REACH else 0
                found.append(Found(entry.topic, start, end, entry.strong, weight))
        return found

    def _negated(self, entry: Entry, tokens: Tokens, start: int, end: int) -> bool:
        """Tell whether words of danger are negated: "I have no fever", not "I cannot breathe"."""
        reach = REACH.get(self.topics[entry.topic].rank)
        return reach is not None and self.negation.holds(tokens, start, end, entry.cue, reach)

    def _repair(self, token: str) -> str:
        """Return the known word that a token was meant to be, if it is close enough to one."""
        if len(token) < SHORT or token in self.words or self.weights.knows(token):
            return token
        # Most typing mistakes keep the first letter, and a changed one makes another word: breast, breath.
        near = self.repairable.get(token[0], ())
        allowed = 1 if len(token) < LONG else 2
        best = process.extractOne(token, near, scorer=OSA.distance, score_cutoff=allowed)
        return best[0] if best else token


def _matches(index: Index, tokens: Tokens) -> Iterator[tuple[Entry, int, int]]:
    """Yield the cues that stand in a sentence, with the first word of each and the word after its last."""
    text = " ".join(tokens)
    for entry in index.candidates(tokens):
        for match in entry.cue.pattern.finditer(text):
            yield entry, *_covered(text, match)


def _disjoint(found: list[Found]) -> list[Found]:
    """Keep the weightiest cues that share no word; hints only where there is no cue."""
    strong = any(entry.strong for entry in found)
    kept: list[Found] = []
    for entry in sorted(
        (e for e in found if e.strong or not strong), key=lambda e: (-e.weight, e.end - e.start)
    ):
        if all(entry.end <= other.start or other.end <= entry.start for other in kept):
            kept.append(entry)
    return sorted(kept, key=lambda e: e.start)


def _covered(text: str, match: re.Match[str]) -> tuple[int, int]:
    """Return the first word of a match, and the word after its last."""
    start = text.count(" ", 0, match.start())
    return start, start + match.group().count(" ") + 1
