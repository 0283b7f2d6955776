"""A passage of text: its words, how far apart they stand, and the ideas in it."""

import re
from bisect import bisect_left
from functools import cached_property
from itertools import pairwise
from operator import attrgetter
from typing import Protocol

from chat_service.ideas import TOKEN, Hit, Idea, Lexicon

SENTENCE_END = re.compile(r"(?<=[.!?;\u2026\u0964])[\"')\u201c\u201d\u00bb]?\s+|\s*\n\s*")
COMMA, STOP, SHORT = 2, 12, 3
"""How many words a comma and a full stop count as; beside a sentence of few words a full stop is a comma."""
BRIEF, BARE = 6, 2
"""How many words a short sentence has, and how many its last clause, if it only names something."""
PAUSE = re.compile(r"[,;:()\u2013\"\u201c\u201d\u201e\u00ab\u00bb]|\s-\s")
ROMAN = re.compile(r"(?:i{1,3}|iv|v)[a-c]?")
RANK = re.compile(r"[0-6][a-d]?")


FIRST = attrgetter("first")
TNM = re.compile(r"[cpyr]{0,3}(?:t(?:[0-4][a-d]?(?:mi)?|is|x))?(?:n[0-3x][a-c]?(?:mi)?)?(?:m[01x])?")


class Language(Protocol):
    """What a passage has to know of its language."""

    @property
    def breaking(self) -> frozenset[str]:
        """Words that begin a clause of its own."""

    @property
    def linking(self) -> frozenset[str]:
        """Words that tie a clause to the one before, past a comma."""

    @property
    def lexicon(self) -> Lexicon:
        """The ideas of the language."""

    def fold(self, text: str) -> str:
        """Return a text as its words are compared."""


class Passage:
    """Sentences in a row, read once."""

    def __init__(self, sentences: list[str], language: Language) -> None:
        self._language = language
        self.words: list[str] = []
        self.places: list[int] = []
        """How far along each word stands."""
        self.clauses: list[int] = []
        """The clause that each word belongs to."""
        self.sentences: list[range] = []
        """The words of each sentence."""
        self._asked: set[int] = set()
        place = 0
        for number, sentence in enumerate(sentences):
            before = sentences[number - 1].rstrip() if number else ""
            place = self._read(language.fold(sentence), place, before)
            if sentence.rstrip(" \"')\u201d\u00bb").endswith("?"):
                self._asked.add(number)

    def _read(self, sentence: str, place: int, before: str) -> int:
        tokens = list(TOKEN.finditer(sentence))
        start, clause = len(self.words), (self.clauses[-1] + 1 if self.clauses else 0)
        place += self._border(before, len(tokens))
        for index, token in enumerate(tokens):
            word = token.group()
            if index:
                between = sentence[tokens[index - 1].end() : token.start()]
                pause = between != " " and PAUSE.search(between) is not None
                place += COMMA if pause else 0
                if (pause and word not in self._language.linking) or word in self._language.breaking:
                    clause += 1
            self.words.append(word)
            self.places.append(place)
            self.clauses.append(clause)
            place += 1
        self.sentences.append(range(start, len(self.words)))
        return place

    def _border(self, before: str, size: int) -> int:
        """Return how far apart two sentences stand."""
        if not self.sentences:
            return 0
        apart = before.endswith((".", "!", ";", "\u2026", "\u0964")) and not before.endswith("...")
        tiny = size <= SHORT or len(self.sentences[-1]) <= SHORT
        return STOP if apart and not tiny else COMMA

    @cached_property
    def hits(self) -> list[Hit]:
        """The ideas in the passage. Only after a question is yes an answer; a question claims nothing."""
        parts = [number for number, sentence in enumerate(self.sentences) for _ in sentence]
        replies = {
            sentence.start for number, sentence in enumerate(self.sentences) if number - 1 in self._asked
        }
        every = self._language.lexicon.find(self.words, parts)
        found = [hit for hit in every if hit.idea != "answer" or hit.first in replies]
        found += self._terse([hit for hit in every if hit.idea == "answer"])
        for number in self._asked:
            starts = map(self.clauses.index, {self.clauses[at] for at in self.sentences[number]})
            found += [Hit("open", start, start) for start in starts]
        ranks = [at for at, word in enumerate(self.words) if ROMAN.fullmatch(word) or RANK.fullmatch(word)]
        return found + [Hit("rank", at, at) for at in ranks] + self._bare(found)

    def _terse(self, answers: list[Hit]) -> list[Hit]:
        """Return where a sentence of few words begins with an answer and a pause, whatever was asked."""
        short = {
            sentence.start: sentence.stop
            for number, sentence in enumerate(self.sentences)
            if len(sentence) <= SHORT + 1 and number not in self._asked
        }
        return [
            Hit("verdict", hit.first, hit.last)
            for hit in answers
            if (stop := short.get(hit.first))
            and (hit.last + 1 == stop or self.clauses[hit.last + 1] != self.clauses[hit.last])
        ]

    def _bare(self, found: list[Hit]) -> list[Hit]:
        """Return where a short sentence ends in nothing but the name of a disease."""
        named = {hit.last for hit in found if hit.idea == "disease"}
        return [
            Hit("verdict", sentence[-1], sentence[-1])
            for number, sentence in enumerate(self.sentences)
            if 0 < len(sentence) <= BRIEF
            and sentence[-1] in named
            and number not in self._asked
            and len(sentence) - self.clauses[sentence.start : sentence.stop].index(self.clauses[sentence[-1]])
            <= BARE
        ]

    def said(self, part: range) -> list[str]:
        """Return the words of a part, as they are compared."""
        return self.words[part.start : part.stop]

    def meant(self, part: range) -> list[Idea]:
        """Return the ideas that begin in a part, in their order."""
        begins = bisect_left(self._ordered, part.start, key=FIRST)
        ends = bisect_left(self._ordered, part.stop, key=FIRST)
        return [hit.idea for hit in self._ordered[begins:ends]]

    def parts(self, sentence: range) -> list[range]:
        """Return a sentence and, if it has several clauses, each of these."""
        starts = [at for at in sentence if at == sentence.start or self.clauses[at] != self.clauses[at - 1]]
        clauses = [range(*border) for border in pairwise([*starts, sentence.stop])]
        return [sentence, *clauses] if len(clauses) > 1 else [sentence]

    @cached_property
    def _ordered(self) -> list[Hit]:
        return sorted(self.hits, key=FIRST)

    @property
    def codes(self) -> bool:
        """Whether a word is of the TNM kind."""
        return any(is_tnm(word) for word in self.words)

    def quote(self, first: int, last: int) -> str:
        """Return words of the passage, as they are compared."""
        return " ".join(self.words[first : last + 1])


def is_tnm(word: str) -> bool:
    """Tell whether a word is of the TNM kind, such as t2, pt1cn0 or m0."""
    coded = len(word) > 1 and TNM.fullmatch(word) is not None
    return coded and any(sign.isdigit() or sign == "x" for sign in word)
