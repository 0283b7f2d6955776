"""The knowledge graph: every node under its id, and the edges between them."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, get_args

from chat_service.knowledge.entry import Entry, Id, Kind
from chat_service.knowledge.nodes import (
    Action,
    Decision,
    Diagnosis,
    Edge,
    Finding,
    Modality,
    Node,
    Outlook,
    Paragraph,
    Procedure,
    Publication,
    Remark,
    SpecialistNode,
    StageGroup,
    Statistic,
)


class Placed(NamedTuple):
    """A node, its id and the name of its type."""

    id: str
    type: str
    node: Node


class Graph(Entry):
    """All nodes; one field to a file."""

    decisions: dict[Kind, Decision]
    diagnoses: dict[Id, Diagnosis]
    findings: dict[Id, Finding]
    procedures: dict[Id, Procedure]
    specialists: dict[Id, SpecialistNode]
    stages: dict[Id, StageGroup]
    outlooks: dict[Id, Outlook]
    actions: dict[Id, Action]
    paragraphs: dict[Id, Paragraph]
    modalities: dict[Id, Modality]
    remarks: dict[Id, Remark]
    statistics: dict[Id, Statistic]
    sources: dict[Id, Publication]

    def nodes(self) -> Iterator[Placed]:
        """Yield every node, type by type."""
        for field, name in TYPES.items():
            held: Mapping[str, Node] = getattr(self, field)
            for key, node in held.items():
                yield Placed(key, name, node)

    def edges(self) -> Iterator[Edge]:
        """Yield every edge."""
        for key, _, node in self.nodes():
            yield from node.edges(key)


TYPES = {
    "decisions": "Decision",
    "diagnoses": "Diagnosis",
    "findings": "Finding",
    "procedures": "Procedure",
    "specialists": "Specialist",
    "stages": "StageGroup",
    "outlooks": "Outlook",
    "actions": "Action",
    "paragraphs": "Paragraph",
    "modalities": "Modality",
    "remarks": "Remark",
    "statistics": "Statistic",
    "sources": "Source",
}
"""The name of the type that each file holds."""

NODE_TYPES: dict[str, type[Node]] = {
    name: get_args(Graph.model_fields[field].annotation)[1] for field, name in TYPES.items()
}
"""The model of each type."""

NAMED_ELSEWHERE = {"Specialist", "Action", "Modality", "Remark", "Statistic", "Source"}
"""Types whose names stand with their texts, or that are their own name, so that they need no label."""
