"""The knowledge graph in memory, asked by named queries."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    Triple,
    Variable,
    serialize,
)

from chat_service.knowledge.jsonld import written_as_json_ld
from chat_service.knowledge.schema import Knowledge
from chat_service.knowledge.triples import triples_of
from chat_service.knowledge.vocabulary import PREFIXES, VOCABULARY, key_of, node

FOLDER = Path(__file__).parent / "queries"
FORMS: dict[str, str] = {"turtle": "text/turtle", "json-ld": "application/ld+json"}
"""How the graph can be written, and the media type of each."""


class Neighbour(NamedTuple):
    """The other end of an edge."""

    relation: str
    id: str
    type: str


class GraphStore:
    """Holds the graph as RDF; queries stand in `queries/` under their names."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._store = Store()
        graph = DefaultGraph()
        self._store.bulk_extend(
            Quad(one.subject, one.predicate, one.object, graph) for one in triples_of(knowledge)
        )
        self._written: dict[str, bytes] = {}
        self._queries = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.rq")}

    def outgoing(self, key: str) -> list[Neighbour]:
        """Return what leads from a node to others."""
        return list(self._neighbours("outgoing", key))

    def incoming(self, key: str) -> list[Neighbour]:
        """Return what leads from others to a node."""
        return list(self._neighbours("incoming", key))

    def sources(self, key: str) -> list[str]:
        """Return the sources of a node and of its figures."""
        return [key_of(_named(row["source"])) for row in self._select("sources", key)]

    def describe(self, key: str, form: str) -> bytes:
        """Write what is said of a node, and what leads to it."""
        found = self._store.query(self._queries["description"], prefixes=PREFIXES, substitutions=_start(key))
        assert isinstance(found, QueryTriples)  # noqa: S101 - narrows the type: the query is a CONSTRUCT
        return _written(sorted(set(found), key=str), form)

    def export(self, form: str) -> bytes:
        """Write the whole graph, in an order that does not change from run to run."""
        if form not in self._written:
            quads = sorted(self._store.quads_for_pattern(None, None, None, None), key=str)
            self._written[form] = _written((quad.triple for quad in quads), form)
        return self._written[form]

    def _neighbours(self, query: str, key: str) -> Iterator[Neighbour]:
        for row in self._select(query, key):
            relation, type_ = _named(row["relation"]).value, _named(row["type"]).value
            yield Neighbour(
                relation.removeprefix(VOCABULARY), key_of(_named(row["node"])), type_.removeprefix(VOCABULARY)
            )

    def _select(self, query: str, key: str) -> QuerySolutions:
        found = self._store.query(self._queries[query], prefixes=PREFIXES, substitutions=_start(key))
        assert isinstance(found, QuerySolutions)  # noqa: S101 - narrows the type: the query is a SELECT
        return found


def _start(key: str) -> dict[Variable, NamedNode | BlankNode | Literal | Triple]:
    return {Variable("start"): node(key)}


def _named(value: object) -> NamedNode:
    assert isinstance(value, NamedNode)  # noqa: S101 - narrows the type: edges join nodes only
    return value


def _written(triples: Iterable[Triple], form: str) -> bytes:
    if form == "json-ld":
        return written_as_json_ld(triples)
    return serialize(triples, format=RdfFormat.TURTLE, prefixes=PREFIXES) or b""
