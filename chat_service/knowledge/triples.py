"""The knowledge base as RDF triples."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pyoxigraph import Literal, NamedNode, Triple

from chat_service.knowledge.collection import NODE_TYPES
from chat_service.knowledge.labels import label_of
from chat_service.knowledge.nodes import Diagnosis, Finding, Modality, Node, Publication, Remark, Statistic
from chat_service.knowledge.schema import Knowledge
from chat_service.knowledge.vocabulary import ICD10CM, node, term

Pairs = Iterator[tuple[str, Any]]
MONTH = term("xsd:gYearMonth")


def triples_of(knowledge: Knowledge) -> Iterator[Triple]:
    """Yield everything the graph holds: types, names in each language, figures, codes, edges, statements."""
    yield from _vocabulary()
    for placed in knowledge.graph.nodes():
        subject = node(placed.id)
        yield Triple(subject, term("rdf:type"), term(placed.type))
        for language, texts in knowledge.languages.items():
            label = label_of(placed, texts, language)
            yield Triple(subject, term("skos:prefLabel"), Literal(label.text, language=label.language))
        for name, value in _properties(placed.node):
            yield Triple(subject, term(name), value)
    for edge in knowledge.graph.edges():
        yield Triple(node(edge.start), term(edge.relation), node(edge.end))
    for language, texts in knowledge.languages.items():
        for key in knowledge.sources:
            yield Triple(node(key), term("statement"), Literal(texts.statements[key], language=language))


def _vocabulary() -> Iterator[Triple]:
    """Say what types and relations there are, and which relations of others they are a kind of."""
    for name, kind in NODE_TYPES.items():
        yield Triple(term(name), term("rdf:type"), term("rdfs:Class"))
        yield Triple(term(name), term("rdfs:comment"), Literal(kind.__doc__ or name, language="en"))
        for mark in kind.marks().values():
            yield Triple(term(mark.relation), term("rdf:type"), term("rdf:Property"))
            yield Triple(term(mark.relation), term("rdfs:range"), term(mark.range))
    yield Triple(term("restsOn"), term("rdfs:subPropertyOf"), term("prov:wasDerivedFrom"))
    yield Triple(term("kindOf"), term("rdfs:subPropertyOf"), term("skos:broader"))


def _properties(held: Node) -> Pairs:
    if isinstance(held, Diagnosis | Finding):
        yield from (("skos:broadMatch", NamedNode(ICD10CM + code)) for code in held.icd10cm)
        yield from (("icd10cm", Literal(code)) for code in held.icd10cm)
    if isinstance(held, Diagnosis | Modality | Remark):
        yield from (("skos:altLabel", Literal(name)) for name in held.names)
    if isinstance(held, Diagnosis):
        yield "inSitu", Literal(held.in_situ)
    if isinstance(held, Publication):
        yield from _publication(held)
    if isinstance(held, Statistic):
        yield from _statistic(held)


def _publication(held: Publication) -> Pairs:
    yield "dcterms:bibliographicCitation", Literal(held.citation)
    yield "rdfs:seeAlso", NamedNode(held.url)
    yield "grade", Literal(held.grade)
    yield "prognosis", Literal(held.prognosis)
    yield "verification", Literal(held.verification)
    yield "verified", Literal(held.verified, datatype=MONTH)


def _statistic(held: Statistic) -> Pairs:
    yield "value", _number(held.value)
    yield "unit", Literal(held.unit)
    yield "population", Literal(held.population, language="en")
    yield "years", Literal(held.years, language="en")
    yield "verification", Literal(held.verification)
    yield "verified", Literal(held.verified, datatype=MONTH)
    interval = held.interval
    optional = {
        "upTo": held.to,
        "afterYears": held.after_years,
        "intervalLow": interval.low if interval else None,
        "intervalHigh": interval.high if interval else None,
    }
    yield from ((name, _number(value)) for name, value in optional.items() if value is not None)
    if held.bound:
        yield "bound", Literal(held.bound)
    if held.about:
        yield "approximate", Literal(held.about)


def _number(value: float) -> Literal:
    # Written out: as xsd:double, 99.3 would become 9.93E1 for readers.
    return Literal(format(Decimal(repr(value)).normalize(), "f"), datatype=term("xsd:decimal"))
