"""What counts as breaking callers, told from small changes to the real documents."""

import copy
import json

import pytest

from tools.compatibility import find_breaks


@pytest.fixture(scope="module")
def documents(root):
    return {
        name: json.loads((root / f"docs/openapi/{name}.json").read_text()) for name in ("inference", "chat")
    }


def changed(document, change):
    after = copy.deepcopy(document)
    change(after)
    return find_breaks(document, after)


def schema(document, name):
    return document["components"]["schemas"][name]


def test_the_same_document_breaks_nothing(documents):
    for document in documents.values():
        assert find_breaks(document, copy.deepcopy(document)) == []


BREAKS = [
    pytest.param("chat", lambda d: d["paths"].pop("/chat"), "POST /chat: the route was removed", id="route"),
    pytest.param(
        "inference",
        lambda d: schema(d, "Prediction")["properties"].pop("band"),
        "POST /predict: answer 200.band: removed",
        id="field-of-an-answer",
    ),
    pytest.param(
        "chat",
        lambda d: schema(d, "ExplanationRequest")["properties"].pop("audience"),
        "POST /explain: body.audience: removed",
        id="field-of-a-request",
    ),
    pytest.param(
        "chat",
        lambda d: schema(d, "ExplanationRequest")["required"].append("language"),
        "POST /explain: body.language: needed now",
        id="needed-field",
    ),
    pytest.param(
        "chat",
        lambda d: schema(d, "ExplanationRequest")["properties"]["audience"].update(enum=["patient"]),
        "POST /explain: body.audience: values were taken from, or added to, its list",
        id="value-of-a-request",
    ),
    pytest.param(
        "inference",
        lambda d: schema(d, "Prediction")["properties"]["decision"]["enum"].append("unsure"),
        "POST /predict: answer 200.decision: values were taken from, or added to, its list",
        id="value-of-an-answer",
    ),
    pytest.param(
        "chat",
        lambda d: schema(d, "ChatRequest")["properties"]["messages"].update(maxItems=10),
        "POST /chat: body.messages: maxItems changed",
        id="bound-of-a-request",
    ),
    pytest.param(
        "inference",
        lambda d: schema(d, "Prediction")["properties"].update(label={"type": "integer"}),
        "POST /predict: answer 200.label: integer is new",
        id="type-of-an-answer",
    ),
    pytest.param(
        "inference",
        lambda d: schema(d, "ModelIdentity")["required"].remove("sha256"),
        "POST /predict: answer 200.model.sha256: not always there now",
        id="answer-that-may-lack-a-field",
    ),
    pytest.param(
        "inference",
        lambda d: d["paths"]["/heatmap"]["post"].update(parameters=[]),
        "POST /heatmap: parameter opacity: removed",
        id="parameter",
    ),
    pytest.param(
        "inference",
        lambda d: d["paths"]["/heatmap"]["post"]["parameters"][0].update(required=True),
        "POST /heatmap: parameter opacity: needed now",
        id="needed-parameter",
    ),
    pytest.param(
        "inference",
        lambda d: d["paths"]["/heatmap"]["post"]["responses"]["200"]["headers"].pop("X-Image-SHA256"),
        "POST /heatmap: answer 200: header X-Image-SHA256 was removed",
        id="header",
    ),
    pytest.param(
        "inference",
        lambda d: d["paths"]["/predict/batch"]["post"]["responses"]["200"].update(content={}),
        "POST /predict/batch: answer 200: application/x-ndjson was removed",
        id="media-type",
    ),
    pytest.param(
        "inference",
        lambda d: d["paths"]["/health/live"]["get"].update(security=[{"key": []}]),
        "GET /health/live: a key is needed now",
        id="key",
    ),
]


@pytest.mark.parametrize(("name", "change", "expected"), BREAKS)
def test_a_change_that_breaks_callers_is_named(documents, name, change, expected):
    assert expected in changed(documents[name], change)


KEEPS = [
    pytest.param(
        lambda d: schema(d, "Explanation")["properties"].update(more={"type": "string"}), id="answer"
    ),
    pytest.param(
        lambda d: schema(d, "ExplanationRequest")["properties"].update(more={"type": "string"}), id="request"
    ),
    pytest.param(
        lambda d: schema(d, "ExplanationRequest")["properties"]["audience"]["enum"].append("family"),
        id="value",
    ),
    pytest.param(lambda d: d["paths"].update({"/more": {"get": {"responses": {}}}}), id="route"),
    pytest.param(lambda d: d["info"].update(description="Another."), id="words"),
    pytest.param(lambda d: d["paths"]["/explain"]["post"]["responses"].pop("403"), id="kind-of-error"),
]


@pytest.mark.parametrize("change", KEEPS)
def test_a_change_that_adds_breaks_nothing(documents, change):
    assert changed(documents["chat"], change) == []
