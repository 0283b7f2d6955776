"""One node of the graph in the words of a language, with its edges and its sources."""

from collections.abc import Mapping
from string import Formatter
from typing import Any

from chat_service.knowledge.collection import Placed
from chat_service.knowledge.entry import Voices
from chat_service.knowledge.labels import label_of
from chat_service.knowledge.nodes import Action, Diagnosis, Finding, Statistic
from chat_service.knowledge.payloads import (
    KnowledgeEdge,
    KnowledgeEdges,
    KnowledgeEntry,
    KnowledgeFigure,
    KnowledgeLink,
    KnowledgeListing,
    KnowledgeStatement,
    NodeType,
)
from chat_service.knowledge.regions import country_of
from chat_service.knowledge.schema import Knowledge
from chat_service.knowledge.store import GraphStore, Neighbour
from chat_service.knowledge.texts import LanguageTexts
from contract.explanation import Audience


class NodeUnknown(Exception):
    """There is no node with this id."""


class Encyclopedia:
    """Tells what the graph holds, in the languages of the knowledge base."""

    def __init__(self, knowledge: Knowledge, store: GraphStore) -> None:
        self._knowledge = knowledge
        self._store = store
        self._placed = {placed.id: placed for placed in knowledge.graph.nodes()}
        named = {name: key for key, node in knowledge.graph.diagnoses.items() for name in node.names}
        self._labels = {name.replace(" ", "_"): self._placed[key] for name, key in named.items()}

    def entries(self, tag: str, wanted: NodeType | None) -> KnowledgeListing:
        """List the nodes of one type, or all."""
        language = self._knowledge.language_of(tag)
        found = [placed for placed in self._placed.values() if wanted in {None, placed.type}]
        return KnowledgeListing(language=language, entries=[self._link(placed, language) for placed in found])

    def entry(self, key: str, tag: str) -> KnowledgeEntry:
        """Describe a node.

        Raises:
            NodeUnknown: if there is none with this id.
        """
        placed, language = self._find(key), self._knowledge.language_of(tag)
        key = placed.id
        edges = self._edges(key, language)
        own = [edge.id for edge in edges.outgoing if edge.relation == "restsOn"]
        cited = [key] if placed.type == "Source" else self._store.sources(key)
        said = [*self._told(placed, language, country_of(tag), own), *self._facts(cited, language)]
        sources = self._knowledge.cite([source for each in said for source in each.sources], language)
        return KnowledgeEntry(
            **self._link(placed, language).model_dump(),
            language=language,
            prognosis=any(self._knowledge.sources[source.id].prognosis for source in sources),
            statements=said,
            **_details(placed),
            edges=edges,
            sources=sources,
        )

    def describe(self, key: str, form: str) -> bytes:
        """Describe a node as RDF.

        Raises:
            NodeUnknown: if there is none with this id.
        """
        return self._store.describe(self._find(key).id, form)

    def export(self, form: str) -> bytes:
        """Write the whole graph as RDF."""
        return self._store.export(form)

    def _find(self, key: str) -> Placed:
        """Find a node by its id, or a kind of tissue by the label of a model (`ductal_carcinoma`)."""
        placed = self._placed.get(key) or self._labels.get(key.lower().replace("-", "_"))
        if placed is None:
            raise NodeUnknown(
                "The knowledge graph has no entry with this id. GET /knowledge lists those it has."
            )
        return placed

    def _label(self, placed: Placed, language: str) -> str:
        return label_of(placed, self._knowledge.languages[language], language).text

    def _link(self, placed: Placed, language: str) -> KnowledgeLink:
        return KnowledgeLink(id=placed.id, type=placed.type, label=self._label(placed, language))

    def _edges(self, key: str, language: str) -> KnowledgeEdges:
        return KnowledgeEdges(
            outgoing=[self._edge(edge, language) for edge in self._store.outgoing(key)],
            incoming=[self._edge(edge, language) for edge in self._store.incoming(key)],
        )

    def _edge(self, edge: Neighbour, language: str) -> KnowledgeEdge:
        link = self._link(self._placed[edge.id], language)
        return KnowledgeEdge(relation=edge.relation, **link.model_dump())

    def _facts(self, cited: list[str], language: str) -> list[KnowledgeStatement]:
        statements = self._knowledge.languages[language].statements
        return [KnowledgeStatement(audience=None, text=statements[key], sources=[key]) for key in cited]

    def _told(
        self, placed: Placed, language: str, country: str | None, own: list[str]
    ) -> list[KnowledgeStatement]:
        """Return what answers say of a node; a text that only a case can complete is left out."""
        texts = self._knowledge.languages[language]
        locality = self._knowledge.locality_of(language, country)
        places = {"picture": texts.pictures.modalities["unknown"], **locality.places}
        return [
            KnowledgeStatement(
                audience=audience,
                text=text.format_map(places),
                sources=list(dict.fromkeys([*own, *locality.cited_by(text)])),
            )
            for audience, text in _voices(placed, texts)
            if {place for _, place, _, _ in Formatter().parse(text) if place} <= places.keys()
        ]


def _voices(placed: Placed, texts: LanguageTexts) -> list[tuple[Audience, str]]:
    """Return the texts of a node by audience."""
    held: dict[str, Mapping[str, Voices]] = {
        "Action": texts.actions,
        "Diagnosis": texts.subtypes,
        "Paragraph": texts.paragraphs,
        "Specialist": texts.specialists,
    }
    voices = held.get(placed.type, {}).get(placed.id)
    return [("patient", voices.patient), ("clinician", voices.clinician)] if voices else []


def _details(placed: Placed) -> dict[str, Any]:
    node = placed.node
    return {
        "urgency": node.urgency if isinstance(node, Action) else None,
        "icd10cm": node.icd10cm if isinstance(node, Diagnosis | Finding) else [],
        "names": getattr(node, "names", []),
        "figure": _figure(node) if isinstance(node, Statistic) else None,
    }


def _figure(node: Statistic) -> KnowledgeFigure:
    interval = (node.interval.low, node.interval.high) if node.interval else None
    kept = node.model_dump(exclude={"measure", "source", "interval"})
    return KnowledgeFigure(**kept, interval=interval)
