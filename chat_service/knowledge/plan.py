"""What is the same in every language: sources, statistics, and what answers are made of."""

from typing import Annotated, Literal

from pydantic import Field

from chat_service.knowledge.entry import Entry, Id, Kind, Sentence

Verification = Literal["V", "V-copy"]
"""V: read in the paper or on the official page. V-copy: read in a full-text copy of it."""


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
