"""The names that the graph has as RDF."""

from pyoxigraph import NamedNode

BASE = "https://breast-tissue-services.example/knowledge/"
"""Nodes are named under it; `.example` can belong to nobody (RFC 2606), so nothing is fetched from there."""
VOCABULARY = "https://breast-tissue-services.example/vocabulary#"
ICD10CM = "http://purl.bioontology.org/ontology/ICD10CM/"

PREFIXES = {
    "dcterms": "http://purl.org/dc/terms/",
    "kb": VOCABULARY,
    "node": BASE,
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def node(key: str) -> NamedNode:
    """Name a node of the graph."""
    return NamedNode(BASE + key)


def term(name: str) -> NamedNode:
    """Name a type, relation or property: `skos:prefLabel`, or one of our own without a prefix."""
    prefix, _, local = name.rpartition(":")
    return NamedNode((PREFIXES[prefix] if prefix else VOCABULARY) + local)


def key_of(named: NamedNode) -> str:
    """Return the id of a node."""
    return named.value.removeprefix(BASE)
