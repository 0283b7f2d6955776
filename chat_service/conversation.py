"""What the knowledge base says to the topics of a question."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from chat_service.case import Case
from chat_service.composer import Composer
from chat_service.knowledge import ChatTexts, Knowledge, Part, Voices
from chat_service.listener import Listener, Understood
from chat_service.numbers import FREE, numbers_in
from chat_service.stage import compose_stage
from contract import ChatMessage, Source

LONGEST = 2700
"""Characters of an answer; a lead-in by a language model still fits before it."""
STATISTIC = re.compile(
    r"\d\s*%"
    r"|\b\d+\s+(?:[^\W\d]+\s+){0,3}?(?:in|of|out of|von|sur|de cada|में से|से)\s+\d+|\b\d+ de \d+"
    r"|\b10{1,3}\b.*\b\d|\d.*\b10{1,3}\b"
    r"|\b\d+\s*(?:-?fach|-Fache|times\b|fois\b|veces\b|गुना)"
)
"""A percentage, `1 in 8`, `of 10 lumps 9` or `4 times`: numbers too small to be noticed by themselves."""
SENTENCE_END = re.compile(r"(?<=[.!?\u0964])\s+")


class Piece(NamedTuple):
    """A part of an answer, and the sources it rests on."""

    text: str
    sources: list[str]


class Told(NamedTuple):
    """An answer: its text, what it cites, and whether it has to be given by this service itself."""

    text: str
    citations: list[Source]
    topics: tuple[str, ...]
    local: bool


class Conversation:
    """Answers the last message of a conversation from the knowledge base."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._listener = Listener(knowledge)

    def discuss(self, messages: Sequence[ChatMessage], case: Case) -> Told:
        """Answer the last message, which is the user's."""
        return self.answer(self._listener.understand(messages, case.language), case)

    def answer(self, understood: Understood, case: Case) -> Told:
        """Answer what was understood."""
        teller = Teller(self._knowledge, replace(case, include_prognosis=understood.figures))
        pieces = teller.tell(understood)
        text = "\n\n".join(piece.text for piece in pieces)
        sources = [key for piece in pieces for key in piece.sources]
        citations = self._knowledge.cite(sources, case.language)
        if not understood.figures:
            citations = [source for source in citations if self._may_be_cited(source)]
        topics = self._knowledge.topics
        local = understood.warned or any(topics[topic].local for topic in understood.topics)
        return Told(text, citations, understood.topics, local)

    def _may_be_cited(self, source: Source) -> bool:
        """Tell whether a source may be shown to who wants no figures; telephone numbers are none."""
        return source.id in self._knowledge.regions.numbers or not _has_figure(source.statement)


class Teller:
    """Puts topics into words for one case."""

    def __init__(self, knowledge: Knowledge, case: Case) -> None:
        self._knowledge = knowledge
        self._case = case
        self._composer = Composer(knowledge, case)
        self._texts: ChatTexts = knowledge.languages[case.language].chat
        self._listed: set[str] = set()

    def tell(self, understood: Understood) -> list[Piece]:
        """Answer topic by topic; what no longer fits is left out, and nothing is said twice."""
        told = [piece for topic in understood.topics for piece in self._tell_topic(topic)]
        told = told or [self._voiced(self._texts.other), *self._part("summary")]
        if understood.warned and not self._urgent(understood):
            told.append(self._voiced(self._texts.reminder))
        kept: list[Piece] = []
        for piece in told:
            new = all(piece.text not in other.text for other in kept)
            if new and sum(len(other.text) + 2 for other in [*kept, piece]) <= LONGEST:
                kept.append(piece)
        return kept

    def _urgent(self, understood: Understood) -> bool:
        ranks = {self._knowledge.topics[topic].rank for topic in understood.topics}
        return not ranks.isdisjoint({"crisis", "emergency"})

    def _tell_topic(self, name: str) -> list[Piece]:
        topic, text = self._knowledge.topics[name], self._texts.topics[name]
        if text.calm and not self._case.malignant:
            return [self._voiced(text.calm, topic.calm_sources)]
        words: str | None = getattr(text, self._case.audience)
        sources = topic.sources if self._case.malignant else [*topic.sources, *topic.calm_sources]
        said = [self._said(words, sources)] if words else []
        return [*said, *(self._part(topic.tell) if topic.tell else [])]

    def _voiced(self, voices: Voices, sources: Sequence[str] = ()) -> Piece:
        return self._said(getattr(voices, self._case.audience), sources)

    def _said(self, words: str, sources: Sequence[str]) -> Piece:
        kept = self._spared(words)
        said, lists = self._composer.say_apart(kept)
        new = [text for text in lists if text not in self._listed]
        self._listed.update(new)
        return Piece("\n\n".join([said, *new]), [*sources, *self._composer.local_sources(kept)])

    def _spared(self, text: str) -> str:
        return text if self._case.include_prognosis else without_figures(text)

    def _part(self, part: Part) -> list[Piece]:
        """Retell a part of the explanation."""
        pieces = (piece._replace(text=self._spared(piece.text)) for piece in self._retold(part))
        return [piece for piece in pieces if piece.text]

    def _retold(self, part: Part) -> list[Piece]:
        composer = self._composer
        if part == "summary":
            return [Piece(composer.opening(), [])]
        if part == "meaning":
            facts = [Piece(fact.text, fact.sources) for fact in composer.facts()[:3]]
            return [Piece(composer.opening(), []), *facts, Piece(composer.closing(), [])]
        if part == "actions":
            actions = [Piece(f"- {a.title}. {a.detail}", a.sources) for a in composer.actions()]
            return [_listed(actions), Piece(composer.closing(), [])]
        if part == "specialists":
            people = [Piece(f"- {p.name}: {p.role}", p.sources) for p in composer.specialists()]
            return [_listed(people), Piece(composer.closing(), [])]
        return self._stage() if part == "stage" else self._survival(untreated=part == "untreated")

    def _stage(self) -> list[Piece]:
        stage = compose_stage(self._case, self._knowledge)
        sources = list(self._knowledge.plan.stage.sources) if self._case.malignant else []
        needed = "\n".join(f"- {item}" for item in stage.needed)
        sources += [share.source for share in stage.distribution]
        reason = stage.reason
        if not self._case.include_prognosis:
            population = getattr(
                self._knowledge.languages[self._case.language].stage.population, self._case.audience
            )
            reason = reason.removesuffix(self._composer.say(population)).rstrip()
        return [Piece(reason, sources), Piece(needed, [])]

    def _survival(self, *, untreated: bool) -> list[Piece]:
        """Give figures to who asks for them and did not refuse them; only for a malignant reading."""
        history = self._composer.untreated_survival()
        if history is None:
            return [self._voiced(self._texts.unwanted)]
        if untreated:
            return [Piece(f"{history.statement}\n\n{history.caveat}", history.sources)]
        return [self._said(getattr(self._texts.survival, self._case.audience), ["nci-survival"])]


def _listed(pieces: list[Piece]) -> Piece:
    text = "\n".join(piece.text for piece in pieces)
    return Piece(text, [key for piece in pieces for key in piece.sources])


def without_figures(text: str) -> str:
    """Leave out the sentences that hold a statistic."""
    paragraphs = ("\n".join(filter(None, map(_spared, p.split("\n")))) for p in text.split("\n\n"))
    return "\n\n".join(filter(None, paragraphs))


def _spared(line: str) -> str:
    return " ".join(sentence for sentence in SENTENCE_END.split(line) if not _has_figure(sentence))


def _has_figure(text: str) -> bool:
    return bool(STATISTIC.search(text)) or bool(numbers_in(text) - FREE)
