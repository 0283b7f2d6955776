"""What the files of the knowledge base hold."""

import re
from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from contract import Source

Kind = Literal["benign", "malignant", "indeterminate", "unusable"]
"""The three decisions, and a picture that could not be read."""
Id = Annotated[str, Field(pattern=r"^[a-z0-9_]+(-[a-z0-9_]+)*$", max_length=60)]
PLACES = {"picture", "lean", "issues", "findings", "value"}
"""What a text may leave open for our own words or for a number of the request."""


def _fillable(text: str) -> str:
    try:
        open_places = {place for _, place, _, _ in Formatter().parse(text) if place is not None}
    except ValueError as error:
        raise ValueError("holds a brace without its partner") from error
    if open_places - PLACES:
        raise ValueError(f"leaves open what nothing fills: {sorted(open_places - PLACES)}")
    return text


Sentence = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_fillable)]
Verification = Literal["V", "V-copy"]
"""V: read in the paper or on the official page. V-copy: read in a full-text copy of it."""


class Entry(BaseModel):
    """One entry of a file; unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Voices(Entry):
    """One thing said in plain words and in full terms."""

    patient: Sentence
    clinician: Sentence


class Publication(Entry):
    """Where a fact was read, and how good the place is."""

    citation: Sentence
    url: Annotated[str, Field(pattern=r"^https://", max_length=500)]
    grade: Literal["A", "B"]
    verification: Verification


class Statistic(Entry):
    """A figure about a population, never about a person."""

    value: float
    unit: Literal["percent", "years"]
    population: Sentence
    years: Sentence
    source: Id
    verification: Verification
    after_years: float | None = None


class Outline(Entry):
    """What an answer of one kind is made of."""

    paragraphs: list[Id]
    actions: list[Id]
    specialists: list[Id]


class ActionPlan(Entry):
    """How urgent an action is, and where that stands."""

    urgency: Literal["routine", "soon", "prompt", "emergency"]
    sources: list[Id]


class Subtype(Entry):
    """A known kind of tissue and the label names under which it comes."""

    group: Literal["benign", "malignant"]
    names: list[str]
    sources: list[Id]
    first_action: Id | None = None
    specialist: Id | None = None


class StagePlan(Entry):
    """Sources of the stage texts, and the shares that were published as exact figures."""

    sources: list[Id]
    distribution: dict[Literal["localized", "regional", "distant"], Id]


class MedianPlan(Entry):
    """The statistics between which median survival lies."""

    low: Id
    high: Id


class SurvivalPlan(Entry):
    """The statistics of untreated disease."""

    median: MedianPlan
    points: list[Id]
    sources: list[Id]


class Plan(Entry):
    """What answers are made of, the same in every language."""

    kinds: dict[Kind, Outline]
    always: list[Id]
    paragraphs: dict[Id, list[Id]]
    actions: dict[Id, ActionPlan]
    specialists: dict[Id, list[Id]]
    subtypes: dict[Id, Subtype]
    modalities: dict[Id, list[str]]
    issues: dict[Id, list[str]]
    stage: StagePlan
    survival: SurvivalPlan


class Frame(Entry):
    """The first and the last words of an answer."""

    opening: Voices
    closing: Voices


class ActionText(Voices):
    """An action in words."""

    title: Voices


class SpecialistText(Voices):
    """A person to see, in words."""

    name: Annotated[str, Field(min_length=1, max_length=200)]


class SubtypeText(Voices):
    """A kind of tissue in words; some replace the first words of the whole answer."""

    opening: Voices | None = None


class PictureTexts(Entry):
    """Words for codes that come with a prediction."""

    modalities: dict[Id, Sentence]
    lean: dict[Literal["strong", "moderate", "slight"], Sentence]
    issues: dict[Id, Sentence]
    findings: dict[Id, Sentence]
    markers: dict[Literal["positive", "negative", "unknown"], Sentence]


class StageTexts(Entry):
    """What is said about the stage."""

    reasons: dict[Id, Voices]
    population: Voices
    needed: dict[Id, Voices]


class SurvivalTexts(Entry):
    """What is said about untreated disease."""

    statement: Voices
    caveat: Voices


def _compiled(pattern: object) -> re.Pattern[str]:
    try:
        return re.compile(str(pattern), re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from error


Patterns = list[Annotated[re.Pattern[str], BeforeValidator(_compiled)]]


class Words(Entry):
    """How prose of a language model is judged."""

    function_words: frozenset[str]
    survival: Patterns
    quantifiers: Patterns
    hedges: Patterns
    forbidden: dict[Id, Patterns]


Part = Literal["summary", "meaning", "actions", "specialists", "stage", "survival", "untreated"]
"""A part of an explanation that a chat answer may retell."""


class Answer(Entry):
    """What is answered to a question."""

    patient: Sentence | None = None
    clinician: Sentence | None = None
    sources: list[Id]
    tell: Part | None = None
    local: bool = False


class Topic(Answer):
    """A question we recognise."""

    id: Id
    match: Patterns


class CitedVoices(Voices):
    """A text with the sources of its figures."""

    sources: list[Id]


class ChatTexts(Entry):
    """Questions we recognise and their answers."""

    topics: list[Topic]
    other: Answer
    survival: CitedVoices
    withheld: Voices


class LanguageTexts(Entry):
    """All texts of one language; one field to a file."""

    statements: dict[Id, Sentence]
    summaries: dict[Kind, Frame]
    paragraphs: dict[Id, Voices]
    pictures: PictureTexts
    actions: dict[Id, ActionText]
    specialists: dict[Id, SpecialistText]
    subtypes: dict[Id, SubtypeText]
    stage: StageTexts
    survival: SurvivalTexts
    words: Words
    chat: ChatTexts


class Knowledge(Entry):
    """The whole knowledge base."""

    sources: dict[Id, Publication]
    statistics: dict[Id, Statistic]
    plan: Plan
    languages: dict[str, LanguageTexts]

    def language_of(self, tag: str) -> str:
        """Return the language to answer in: the primary subtag where we have it, else English."""
        primary = tag.partition("-")[0].lower()
        return primary if primary in self.languages else "en"

    def cite(self, ids: list[str], language: str) -> list[Source]:
        """Return sources in the order in which they are first named."""
        statements = self.languages[language].statements
        found = ((key, self.sources[key]) for key in dict.fromkeys(ids))
        return [
            Source(id=key, citation=place.citation, url=place.url, statement=statements[key])
            for key, place in found
        ]
