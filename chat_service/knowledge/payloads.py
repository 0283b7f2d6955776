"""What `/knowledge` answers."""

from typing import Annotated, Literal

from pydantic import Field

from contract import Source
from contract.base import Name, Payload, Text
from contract.explanation import Audience

NodeType = Literal[
    "Decision",
    "Diagnosis",
    "Finding",
    "Procedure",
    "Specialist",
    "StageGroup",
    "Outlook",
    "Action",
    "Paragraph",
    "Modality",
    "Remark",
    "Statistic",
    "Source",
]


class KnowledgeLink(Payload):
    """A node by its name."""

    id: Name
    type: NodeType
    label: Text


class KnowledgeEdge(KnowledgeLink):
    """The other end of an edge."""

    relation: Name
    """How the node it leads from is related to the one it leads to, as `nextStep`."""


class KnowledgeEdges(Payload):
    """The edges of a node."""

    outgoing: Annotated[list[KnowledgeEdge], Field(max_length=500)]
    incoming: Annotated[list[KnowledgeEdge], Field(max_length=500)]


class KnowledgeStatement(Payload):
    """What is said of a node: in our words to an audience, or as the fact of a source."""

    audience: Audience | None
    text: Text
    sources: Annotated[list[Name], Field(max_length=100)]


class KnowledgeFigure(Payload):
    """A figure about a population, never about a person."""

    value: float
    to: float | None
    """The end of a range that begins at `value`."""
    interval: tuple[float, float] | None
    """The 95 % confidence interval."""
    about: bool
    """Whether the source gives words or an estimate, written here as a number."""
    bound: Literal["at most", "less than"] | None
    unit: Name
    after_years: float | None
    population: Text
    years: Text
    verification: Literal["V", "V-copy"]
    """V: read in the paper or on the official page. V-copy: read in a full-text copy of it."""
    verified: Name
    """The month of reading."""


class KnowledgeEntry(KnowledgeLink):
    """A node of the knowledge graph."""

    language: Name
    """The language of labels and statements. Names of figures are in English, citations as published."""
    prognosis: bool
    """Whether its statements speak of survival or death: show it only to who asks for that."""
    statements: Annotated[list[KnowledgeStatement], Field(max_length=100)]
    urgency: Literal["routine", "soon", "prompt", "emergency"] | None
    icd10cm: Annotated[list[Name], Field(max_length=10)]
    """Codes of ICD-10-CM, which may be wider than the entry, without the digits for the side."""
    names: Annotated[list[Name], Field(max_length=100)]
    """The labels of models that stand for it."""
    figure: KnowledgeFigure | None
    edges: KnowledgeEdges
    sources: Annotated[list[Source], Field(max_length=100)]
    """What it rests on."""


class KnowledgeListing(Payload):
    """The nodes of the knowledge graph."""

    language: Name
    entries: Annotated[list[KnowledgeLink], Field(max_length=5000)]
