"""What is said in one language."""

from typing import Annotated, Literal

from pydantic import Field

from chat_service.knowledge.entry import Entry, Id, Kind, Sentence, Voices
from chat_service.knowledge.regions import RegionTexts
from chat_service.knowledge.talk import ChatTexts
from chat_service.knowledge.words import Words


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
    decimal: Literal[".", ","]
    findings: dict[Id, Sentence]
    markers: dict[Literal["positive", "negative", "unknown"], Sentence]


class StageTexts(Entry):
    """What is said about the stage."""

    reasons: dict[Id, Voices]
    rule: Voices
    in_situ: Annotated[Voices, Field(alias="in-situ")]
    population: Voices
    needed: dict[Id, Voices]


class SurvivalTexts(Entry):
    """What is said about untreated disease."""

    statement: Voices
    in_situ: Annotated[Voices, Field(alias="in-situ")]
    caveat: Voices


class Notices(Entry):
    """What is said under every answer."""

    disclaimer: Annotated[str, Field(min_length=1, max_length=1000)]


class LanguageTexts(Entry):
    """All texts of one language; one field to a file."""

    statements: dict[Id, Sentence]
    labels: dict[Id, Sentence]
    summaries: dict[Kind, Frame]
    paragraphs: dict[Id, Voices]
    pictures: PictureTexts
    actions: dict[Id, ActionText]
    specialists: dict[Id, SpecialistText]
    subtypes: dict[Id, SubtypeText]
    stage: StageTexts
    survival: SurvivalTexts
    regions: RegionTexts
    notices: Notices
    words: Words
    chat: ChatTexts
