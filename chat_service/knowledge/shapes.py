"""The gate: a graph with a gap in it is refused. Needs pyshacl, which only who changes the graph installs."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyshacl
from rdflib import Graph, URIRef
from rdflib.namespace import RDF, SH

from chat_service.knowledge.load import KnowledgeInvalid
from chat_service.knowledge.vocabulary import BASE, VOCABULARY

SHAPES = Path(__file__).parent / "shapes.ttl"


class Gap(NamedTuple):
    """What is wrong, at which node, by which property if it is one."""

    node: str
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.node} {self.path}".strip()
        return f"{place}: {self.message}"


def find_gaps(graph: Graph) -> list[Gap]:
    """Return every way in which a graph breaks the shapes, the same one once."""
    shapes = Graph().parse(SHAPES, format="turtle")
    _, report, _ = pyshacl.validate(graph, shacl_graph=shapes)
    return sorted(set(_gaps(report)))


def read_turtle(turtle: bytes) -> Graph:
    """Read a graph.

    Raises:
        KnowledgeInvalid: if it is no Turtle.
    """
    try:
        return Graph().parse(data=turtle, format="turtle")
    except (ValueError, SyntaxError) as error:
        raise KnowledgeInvalid("the file is no Turtle") from error


def _gaps(report: Graph) -> Iterator[Gap]:
    for result in report.subjects(RDF.type, SH.ValidationResult):
        node, path = report.value(result, SH.focusNode), report.value(result, SH.resultPath)
        yield Gap(_short(node), _short(path), str(report.value(result, SH.resultMessage)))


def _short(iri: object) -> str:
    # A path of several properties is a node without a name.
    return str(iri).removeprefix(BASE).removeprefix(VOCABULARY) if isinstance(iri, URIRef) else ""
