"""What people ask about: the topics, how each language recognises them, and what it answers."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from chat_service.cues import Cue, fold, read_cue
from chat_service.knowledge.entry import Entry, Id, Sentence, Voices

Part = Literal["summary", "meaning", "actions", "specialists", "stage", "survival", "untreated"]
"""A part of an explanation that an answer may retell."""
Rank = Literal["crisis", "emergency", "careful", "usual", "polite"]
"""How soon a topic is answered, the most urgent first."""
Cues = tuple[Annotated[Cue, BeforeValidator(lambda written: read_cue(str(written)))], ...]
Spellings = Annotated[
    dict[str, str],
    AfterValidator(lambda words: {fold(written): fold(meant) for written, meant in words.items()}),
]
"""In the one form in which messages are read."""


class Topic(Entry):
    """A subject of questions, the same in every language."""

    rank: Rank
    sources: list[Id]
    local: bool = False
    tell: Part | None = None
    calm: bool = False
    calm_sources: tuple[Id, ...] = ()
    more: Id | None = None
    why: Id | None = None


class TopicText(Entry):
    """How one language recognises a topic, and what it says; `calm` for readings that are not malignant."""

    cues: Cues
    hints: Cues = ()
    patient: Sentence | None = None
    clinician: Sentence | None = None
    calm: Voices | None = None


class Negations(Entry):
    """Words that negate what follows, and words that negate what stands before them."""

    before: frozenset[str]
    after: frozenset[str] = frozenset()


class TalkWords(Entry):
    """How one language negates, asks on, and refuses or asks for figures.

    `spellings` are words that are read as others, as in short messages. `idioms` are cues of figures of
    speech with the plain words that are read instead: who is "dying to know" is in no danger.
    """

    spellings: Spellings = Field(default_factory=dict)
    idioms: dict[str, str] = Field(default_factory=dict)
    negations: Negations
    turns: frozenset[str]
    more: Cues
    why: Cues
    figures_off: Cues
    figures_on: Cues


class ChatTexts(Entry):
    """Questions that one language recognises, and their answers."""

    topics: dict[Id, TopicText]
    talk: TalkWords
    other: Voices
    reminder: Voices
    unwanted: Voices
    survival: Voices
