"""The kinds of node in the knowledge graph; a field that holds ids of others is an edge of its name."""

from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from chat_service.knowledge.entry import Entry, Id, Kind, Sentence

Verification = Literal["V", "V-copy"]
"""V: read in the paper or on the official page. V-copy: read in a full-text copy of it."""
Month = Annotated[str, Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")]
Unit = Literal["percent", "years", "months", "days", "people", "times", "per 1,000", "pictures"]
Code = Annotated[str, Field(pattern=r"^[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?$")]
"""A code of ICD-10-CM."""
Name = Annotated[str, Field(min_length=1, max_length=100)]


class To(NamedTuple):
    """Marks a field as an edge."""

    relation: str
    range: str
    """The type of node at the other end."""


class Edge(NamedTuple):
    """One edge of the graph."""

    start: str
    relation: str
    end: str
    range: str


Sources = Annotated[list[Id], To("restsOn", "Source")]
Cited = Annotated[list[Id], To("restsOn", "Source"), Field(min_length=1)]
Figures = Annotated[list[Id], To("hasStatistic", "Statistic")]
NextSteps = Annotated[list[Id], To("nextStep", "Action")]
People = Annotated[list[Id], To("seenBy", "Specialist")]
Paragraphs = Annotated[list[Id], To("explainedBy", "Paragraph")]
Outlooks = Annotated[list[Id], To("hasOutlook", "Outlook")]
Established = Annotated[list[Id], To("establishedBy", "Procedure")]
Treated = Annotated[list[Id], To("treatedBy", "Procedure")]
Some = Field(min_length=1)


class Node(Entry):
    """Anything with an id of its own."""

    @classmethod
    def marks(cls) -> dict[str, To]:
        """Return the fields that are edges."""
        fields = cls.model_fields.items()
        return {name: mark for name, info in fields for mark in info.metadata if isinstance(mark, To)}

    def edges(self, start: str) -> Iterator[Edge]:
        """Yield the edges from this node, whose id is `start`."""
        for field, mark in self.marks().items():
            value = getattr(self, field)
            for end in [value] if isinstance(value, str) else value or ():
                yield Edge(start, mark.relation, end, mark.range)


class Checked(Node):
    """How, and in which month, something was verified."""

    verification: Verification
    verified: Month


class Publication(Checked):
    """Where a fact was read, and how good the place is."""

    citation: Sentence
    url: Annotated[str, Field(pattern=r"^https://[^\s<>\"{}|\\^`]+$", max_length=500)]
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
    source: Annotated[Id, To("restsOn", "Source")]

    @property
    def figures(self) -> set[float]:
        """The numbers that the statement of the source must hold."""
        ends = (self.interval.low, self.interval.high) if self.interval else ()
        return {figure for figure in (self.value, self.to, self.after_years, *ends) if figure is not None}


class Decision(Node):
    """What a model decides about a picture."""

    paragraphs: Annotated[Paragraphs, Some]
    when_needed: Annotated[list[Id], To("mayBeExplainedBy", "Paragraph")] = Field(default_factory=list)
    next_steps: Annotated[NextSteps, Some]
    specialists: Annotated[People, Some]
    sources: Cited
    statistics: Figures = Field(default_factory=list)


class Diagnosis(Node):
    """A kind of tissue or of disease, and the label names under which it comes."""

    group: Annotated[Kind, To("filedUnder", "Decision")]
    also: Annotated[list[Kind], To("mayBeFiledUnder", "Decision")] = Field(default_factory=list)
    """Decisions beside its group under which the label fits as well."""
    in_situ: bool = False
    """Whether it has not spread by definition, so that stage groups and survival do not apply."""
    stages: Annotated[list[Id], To("stagedAs", "StageGroup")] = Field(default_factory=list)
    names: list[Name]
    icd10cm: list[Code] = Field(default_factory=list)
    kind_of: Annotated[Id | None, To("kindOf", "Diagnosis")] = None
    unlike: Annotated[list[Id], To("mistakenFor", "Diagnosis")] = Field(default_factory=list)
    next_steps: Annotated[NextSteps, Some]
    specialists: Annotated[People, Some]
    established_by: Annotated[Established, Some]
    treated_by: Treated = Field(default_factory=list)
    sources: Cited
    statistics: Figures = Field(default_factory=list)
    outlooks: Outlooks = Field(default_factory=list)


class Finding(Node):
    """What a request states, what a report says, or what a person notices."""

    field: (
        Literal["tumour_size_mm", "positive_nodes", "distant_metastasis", "grade", "er", "pr", "her2"] | None
    ) = None
    """Its name among the clinical findings of a request."""
    icd10cm: list[Code] = Field(default_factory=list)
    paragraphs: Paragraphs = Field(default_factory=list)
    settles: Annotated[list[Id], To("settles", "StageGroup")] = Field(default_factory=list)
    next_steps: NextSteps = Field(default_factory=list)
    specialists: Annotated[People, Some]
    established_by: Established = Field(default_factory=list)
    treated_by: Treated = Field(default_factory=list)
    sources: Cited
    statistics: Figures = Field(default_factory=list)
    local_numbers: list[Name] = Field(default_factory=list)
    """The kinds of number by country that belong to it."""
    local_sources: Annotated[list[Id], To("hasLocalNumber", "Source")] = Field(default_factory=list)
    """Where these numbers were read; filled in from `regions.yaml`."""


class Procedure(Node):
    """What is done to find out or to treat."""

    specialists: Annotated[list[Id], To("doneBy", "Specialist"), Some]
    parts: Annotated[list[Id], To("hasPart", "Procedure")] = Field(default_factory=list)
    sources: Cited
    statistics: Figures = Field(default_factory=list)


class SpecialistNode(Node):
    """A person to see."""

    sources: Cited


class Action(Node):
    """A next step and how urgent it is."""

    urgency: Literal["routine", "soon", "prompt", "emergency"]
    sources: Sources
    procedures: Annotated[list[Id], To("leadsTo", "Procedure")]


class Paragraph(Node):
    """A paragraph of explanations."""

    sources: Sources
    always: bool = False
    """Whether it is said whatever else is said, also when a language model writes the rest."""


class StageGroup(Node):
    """A group of SEER summary stage."""

    sources: Cited
    share: Annotated[Id | None, To("hasShare", "Statistic")] = None
    """How often breast cancer is found in it."""
    outlooks: Outlooks = Field(default_factory=list)


class Outlook(Node):
    """What became of groups of people."""

    median: Annotated[list[Id], To("hasMedian", "Statistic")] = Field(default_factory=list, max_length=2)
    """The statistics between which the median lies, the lower first."""
    points: Annotated[list[Id], To("hasPoint", "Statistic")] = Field(default_factory=list)
    statistics: Figures = Field(default_factory=list)
    sources: Cited


class Modality(Node):
    """A kind of picture and its names."""

    names: list[Name]
    made_by: Annotated[list[Id], To("madeBy", "Procedure"), Some]
    sources: Sources = Field(default_factory=list)
    statistics: Figures = Field(default_factory=list)


class Remark(Node):
    """A remark about the quality of a picture and its codes."""

    names: list[Name]
    paragraphs: Annotated[Paragraphs, Some]
    next_steps: Annotated[NextSteps, Some]
    specialists: Annotated[People, Some]
