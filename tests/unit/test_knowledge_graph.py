"""The knowledge graph as RDF: a graph with a gap in it is refused, and what is written can be read again."""

import re
import shutil
import time
from pathlib import Path

import pytest
import rdflib

from chat_service.knowledge import load_knowledge
from chat_service.knowledge.__main__ import main
from chat_service.knowledge.collection import NODE_TYPES
from chat_service.knowledge.encyclopedia import Encyclopedia
from chat_service.knowledge.load import FOLDER
from chat_service.knowledge.shapes import find_gaps
from chat_service.knowledge.store import GraphStore
from chat_service.knowledge.vocabulary import BASE, VOCABULARY

KNOWLEDGE = load_knowledge()
STORE = GraphStore(KNOWLEDGE)
KB, NODE = rdflib.Namespace(VOCABULARY), rdflib.Namespace(BASE)
SKOS = rdflib.Namespace("http://www.w3.org/2004/02/skos/core#")
CLASSES = {key for key, type_, _ in KNOWLEDGE.graph.nodes() if type_ in {"Decision", "Diagnosis"}}
LASTING = re.compile(
    r"\b[Ss]urviv|\bdie[ds]?\b|\b[Dd]eath|\bdead\b|\balive\b|\blife expectancy|\b[Mm]ortal|\bfatal"
)


@pytest.fixture
def graph():
    return rdflib.Graph().parse(data=STORE.export("turtle"), format="turtle")


@pytest.fixture
def copied(tmp_path):
    # English alone: other languages would only take time.
    shutil.copytree(FOLDER, tmp_path / "knowledge", ignore=shutil.ignore_patterns("[!e]?", "e[!n]"))
    return tmp_path / "knowledge"


def gaps(graph):
    return {(gap.node, gap.message) for gap in find_gaps(graph)}


def without(graph, *triple):
    assert len(list(graph.triples(triple))) == 1
    graph.remove(triple)
    return graph


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_the_graph_that_ships_has_no_gap(graph):
    assert gaps(graph) == set()


@pytest.mark.parametrize(
    ("start", "relation", "end", "refused"),
    [
        ("phyllodes", "nextStep", "plan-removal", ("phyllodes", "no next step")),
        ("mucinous", "restsOn", "nci-types", None),
        ("papillary", "restsOn", "bcc-papillary", ("papillary", "no source")),
        ("unusable", "restsOn", "repeat-biopsy", ("unusable", "no source")),
        ("lobular", "filedUnder", "malignant", ("lobular", "one decision")),
        ("survival-localized", "restsOn", "nci-survival", ("survival-localized", "the one source")),
        ("breast-cancer", "hasStatistic", "new-cases-us", ("new-cases-us", "orphan")),
        ("red-breast", "restsOn", "scottish-referral", ("scottish-referral", "orphan")),
        ("thoughts-of-suicide", "hasLocalNumber", "helpline-fr", ("helpline-fr", "orphan")),
    ],
)
def test_a_graph_that_merely_lacks_one_edge_is_refused_where_the_edge_was_the_only_one(
    graph, start, relation, end, refused
):
    found = gaps(without(graph, NODE[start], KB[relation], NODE[end]))
    if refused is None:
        assert found == set()
    else:
        assert any(node == refused[0] and refused[1] in message for node, message in found)


@pytest.mark.parametrize(
    ("relation", "message"),
    [("nextStep", "no next step"), ("seenBy", "no specialist"), ("restsOn", "no source")],
)
def test_every_class_of_a_model_needs_a_next_step_a_specialist_and_a_source(graph, relation, message):
    for key in CLASSES:
        graph.remove((NODE[key], KB[relation], None))
    assert {node for node, said in gaps(graph) if message in said and node in CLASSES} == CLASSES


@pytest.mark.parametrize(
    "name", ["value", "unit", "population", "years", "verification", "verified", "restsOn"]
)
def test_every_statistic_is_cited_and_verified(graph, name):
    for key in KNOWLEDGE.statistics:
        graph.remove((NODE[key], KB[name], None))
    assert {node for node, _ in gaps(graph)} >= set(KNOWLEDGE.statistics)


def test_a_weaker_verification_is_refused(graph):
    graph.set((NODE["survival-all"], KB["verification"], rdflib.Literal("S")))
    graph.set((NODE["nci-survival"], KB["verification"], rdflib.Literal("memory")))
    assert {node for node, _ in gaps(graph)} == {"survival-all", "nci-survival"}


def test_a_graph_without_a_class_of_the_model_is_refused(graph):
    graph.remove((NODE["tubular-adenoma"], None, None))
    graph.remove((None, None, NODE["tubular-adenoma"]))
    assert (
        "tubular-adenoma",
        "A model may name this kind of tissue, but there is no such diagnosis.",
    ) in gaps(graph)


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("statistics.yaml", "source: cdc-stage-at-diagnosis, ", "", "source"),
        ("statistics.yaml", "verification: V-copy", "verification: memory", "verification"),
        ("diagnoses.yaml", "next_steps: [plan-removal]", "next_steps: []", "phyllodes"),
        ("diagnoses.yaml", "sources: [bcc-papillary]", "sources: []", "papillary"),
        ("findings.yaml", "sources: [scottish-referral]", "sources: [nice-referral]", "scottish-referral"),
        ("procedures.yaml", "excision:", "removal:", "excision"),
    ],
)
def test_the_command_refuses_a_changed_copy_of_the_files(copied, capsys, file, old, new, named):
    change(copied / "graph" / file, old, new)
    assert main(["check", str(copied)]) == 1
    assert named in capsys.readouterr().err


def test_the_command_checks_a_file_in_turtle(tmp_path, capsys):
    path = tmp_path / "graph.ttl"
    assert main(["export", "--out", str(path)]) == 0
    assert main(["check", str(path)]) == 0
    change(path, "\tkb:nextStep node:plan-removal ;\n", "")
    assert main(["check", str(path)]) == 1
    refused = capsys.readouterr().err.splitlines()
    assert refused[0] == "Refused: phyllodes nextStep: This class of a model leads to no next step."
    assert refused[1] == "Refused: plan-removal: This node is an orphan: nothing leads to it."


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")  # of rdflib's own reader
def test_both_forms_hold_the_same_and_are_the_same_each_time(graph):
    json_ld = rdflib.Graph().parse(data=STORE.export("json-ld"), format="json-ld")
    assert set(json_ld) == set(graph)
    assert len(graph) > 3000
    assert GraphStore(KNOWLEDGE).export("turtle") == STORE.export("turtle")


def test_another_reader_finds_names_statements_and_figures(graph):
    share = NODE["distant-at-diagnosis"]
    assert graph.value(share, KB["value"]).toPython() == 6
    statements = graph.objects(graph.value(share, KB["restsOn"]), KB["statement"])
    assert {statement.language for statement in statements} == set(KNOWLEDGE.languages)
    assert {name.language for name in graph.objects(NODE["phyllodes"], SKOS["prefLabel"])} == set(
        KNOWLEDGE.languages
    )


def test_another_reader_finds_what_types_and_relations_there_are(graph):
    used = {relation for relation in graph.predicates() if (relation, rdflib.RDFS.range, None) in graph}
    assert {KB["nextStep"], KB["restsOn"], KB["filedUnder"]} <= used
    assert graph.value(KB["restsOn"], rdflib.RDFS.subPropertyOf) == rdflib.PROV.wasDerivedFrom
    types = {type_ for node, type_ in graph.subject_objects(rdflib.RDF.type) if str(node).startswith(BASE)}
    assert all((type_, rdflib.RDF.type, rdflib.RDFS.Class) in graph for type_ in types)


def test_every_relation_has_its_place_in_the_shapes():
    shapes = (FOLDER / "shapes.ttl").read_text("utf-8")
    relations = {mark.relation for kind in NODE_TYPES.values() for mark in kind.marks().values()}
    assert not {relation for relation in relations if f"kb:{relation}" not in shapes}


def test_only_what_is_marked_as_prognosis_speaks_of_survival_or_death():
    encyclopedia = Encyclopedia(KNOWLEDGE, STORE)
    for key, _, _ in KNOWLEDGE.graph.nodes():
        entry = encyclopedia.entry(key, "en")
        said = " ".join([entry.label, *(statement.text for statement in entry.statements)])
        if not entry.prognosis:
            assert not LASTING.search(said), key


def test_every_node_can_be_told_in_every_language():
    encyclopedia = Encyclopedia(KNOWLEDGE, STORE)
    for language in KNOWLEDGE.languages:
        for key, _, _ in KNOWLEDGE.graph.nodes():
            entry = encyclopedia.entry(key, language)
            cited = {source for statement in entry.statements for source in statement.sources}
            assert cited == {source.id for source in entry.sources}
            assert not any("{" in statement.text for statement in entry.statements)


def test_the_store_is_filled_in_less_than_a_tenth_of_a_second():
    def fill() -> float:
        begun = time.perf_counter()
        GraphStore(KNOWLEDGE)
        return time.perf_counter() - begun

    assert min(fill() for _ in range(5)) < 0.1
