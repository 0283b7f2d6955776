"""What is the same in every language: sources, statistics, and what answers are made of."""

from typing import Annotated, Literal

from pydantic import Field

from chat_service.knowledge.entry import Entry, Id, Kind, Sentence

Verification = Literal["V", "V-copy"]
"""V: read in the paper or on the official page. V-copy: read in a full-text copy of it."""


Month = Annotated[str, Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")]
Unit = Literal["percent", "years", "months", "days", "people", "times", "per 1,000", "pictures"]


class Checked(Entry):
    """How, and in which month, something was verified."""

    verification: Verification
    verified: Month


class Publication(Checked):
    """Where a fact was read, and how good the place is."""

    citation: Sentence
    url: Annotated[str, Field(pattern=r"^https://", max_length=500)]
    grade: Literal["A", "B"]
    prognosis: bool = False
    """Whether its statement speaks of survival or death."""


class Interval(Entry):
    """A 95 % confidence interval."""

    low: float
    high: float


class Statistic(Checked):
    """A figure about a population, never about a person."""

    measure: Sentence
    value: float
    to: float | None = None
    """The end of a range that begins at `value`."""
    interval: Interval | None = None
    about: bool = False
    """Whether the source gives words or an estimate, written here as a number."""
    bound: Literal["at most", "less than"] | None = None
    unit: Unit
    after_years: float | None = None
    population: Sentence
    years: Sentence
    source: Id

    @property
    def figures(self) -> set[float]:
        """The numbers that the statement of the source must hold."""
        ends = (self.interval.low, self.interval.high) if self.interval else ()
        return {figure for figure in (self.value, self.to, self.after_years, *ends) if figure is not None}


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
    also: list[Kind] = []
    """Decisions beside its group under which the label fits as well."""
    in_situ: bool = False
    """Whether it has not spread by definition, so that stage groups and survival do not apply."""
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
