"""The knowledge graph over HTTP."""

import pytest
import rdflib
from fastapi.testclient import TestClient

from chat_service.app import create_app
from chat_service.knowledge_api import preferred_form
from chat_service.settings import Settings
from contract.example import EXAMPLE


@pytest.fixture(scope="module")
def client():
    with TestClient(create_app(Settings())) as client:
        yield client


def test_a_kind_of_tissue_has_a_name_statements_edges_and_sources(client):
    entry = client.get("/knowledge/phyllodes").json()
    assert (entry["id"], entry["type"], entry["label"]) == ("phyllodes", "Diagnosis", "phyllodes tumour")
    assert entry["icd10cm"][0] == "D48.6"
    outgoing = {(edge["relation"], edge["id"]) for edge in entry["edges"]["outgoing"]}
    assert {("nextStep", "plan-removal"), ("seenBy", "breast-surgeon"), ("filedUnder", "benign")} <= outgoing
    assert ("mistakenFor", "fibroadenoma") in {
        (edge["relation"], edge["id"]) for edge in entry["edges"]["incoming"]
    }
    assert {statement["audience"] for statement in entry["statements"]} == {"patient", "clinician", None}
    assert all(source["url"].startswith("https://") for source in entry["sources"])
    assert not entry["prognosis"]


@pytest.mark.parametrize(
    "label", ["ductal_carcinoma", "Ductal_Carcinoma", "IDC", "invasive-ductal-carcinoma"]
)
def test_the_label_of_a_prediction_can_be_looked_up(client, label):
    assert client.get(f"/knowledge/{label}").json()["id"] == "ductal"


def test_a_figure_says_what_it_is_of_whom_and_how_it_was_verified(client):
    entry = client.get("/knowledge/ductal-share").json()
    assert entry["figure"] == {
        "value": 70,
        "to": 80,
        "interval": None,
        "about": False,
        "bound": None,
        "unit": "percent",
        "after_years": None,
        "population": "women with invasive breast cancer (US)",
        "years": "not stated; page as of 2025",
        "verification": "V-copy",
        "verified": "2026-11",
    }
    assert [source["id"] for source in entry["sources"]] == ["nci-types"]


def test_every_source_of_an_explanation_can_be_looked_up(client):
    body = {"prediction": EXAMPLE.model_dump(mode="json", exclude_none=True)}
    for source in client.post("/explain", json=body).json()["sources"]:
        entry = client.get(f"/knowledge/{source['id']}").json()
        assert entry["type"] == "Source"
        assert entry["sources"] == [source]


def test_every_listed_node_can_be_looked_up_in_the_language_asked_for(client):
    listing = client.get("/knowledge", params={"language": "en-GB", "type": "Action"}).json()
    assert listing["language"] == "en"
    for link in listing["entries"]:
        entry = client.get(f"/knowledge/{link['id']}", params={"language": "en-GB"}).json()
        assert link.items() <= entry.items()


@pytest.mark.parametrize(
    ("accept", "media_type", "form"),
    [
        ("text/turtle", "text/turtle; charset=utf-8", "turtle"),
        ("application/ld+json", "application/ld+json", None),
    ],
)
def test_a_node_and_the_whole_graph_come_as_rdf(client, accept, media_type, form):
    node = client.get("/knowledge/dcis", headers={"Accept": accept})
    whole = client.get("/knowledge", headers={"Accept": accept})
    assert {node.headers["content-type"], whole.headers["content-type"]} == {media_type}
    assert node.headers["vary"] == "Accept"
    if form:
        assert set(rdflib.Graph().parse(data=node.content)) <= set(rdflib.Graph().parse(data=whole.content))
    else:
        assert "node:dcis" in {each["@id"] for each in node.json()["@graph"]}


@pytest.mark.parametrize("key", ["unheard-of", "Jane-Doe", "__proto__"])
def test_an_unknown_id_is_a_404_problem(client, key):
    answer = client.get(f"/knowledge/{key}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/knowledge-unknown"
    assert key not in answer.text


@pytest.mark.parametrize(
    "path", ["a" * 61, "a.b", "%3Cb%3E", "%00", "dcis?language=x", "dcis?language=" + "en-" * 20, "%20"]
)
def test_an_id_or_a_language_that_can_be_none_is_a_422_problem(client, path):
    answer = client.get(f"/knowledge/{path}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith(("path.id: ", "query.language: "))


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", None),
        ("*/*", None),
        ("text/html, */*;q=0.8", None),
        ("text/turtle", "turtle"),
        ("application/json, text/turtle", None),
        ("application/json;q=0.5, text/turtle", "turtle"),
        ("APPLICATION/LD+JSON; q=0.9, application/json;q=0.1", "json-ld"),
        ("text/turtle;q=0", None),
        ("text/turtle;q=much", None),
        (",;q=;,=", None),
    ],
)
def test_the_form_is_what_the_caller_prefers(accept, form):
    assert preferred_form(accept) == form
