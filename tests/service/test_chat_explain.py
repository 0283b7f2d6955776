"""The chat service over HTTP, with the knowledge base alone."""

import json
import os
import socket
import subprocess
import sys

import pytest
from starlette.testclient import TestClient

from chat_service.app import create_app
from chat_service.settings import MistralSettings, Settings
from contract import ChatReply, Explanation, Problem

SECRET = "Jane-Doe-4711"


def prediction(decision="malignant", **changes):
    return {
        "label": "malignant",
        "decision": decision,
        "malignant_probability": 0.93,
        "threshold": 0.4,
        "probabilities": {"benign": 0.07, "malignant": 0.93},
        "quality": {"usable": True},
        "model": {"name": "n", "version": "1", "architecture": "a", "modality": "m", "sha256": "ab" * 32},
        "image": {"sha256": "cd" * 32, "format": "PNG", "width": 50, "height": 50},
        "id": "11111111-2222-4333-8444-555555555555",
    } | changes


@pytest.fixture(scope="module")
def client():
    with TestClient(create_app(Settings(mistral=MistralSettings(api_key=None)))) as opened:
        yield opened


@pytest.mark.parametrize("audience", ["patient", "clinician"])
@pytest.mark.parametrize("decision", ["benign", "malignant", "indeterminate"])
def test_every_reading_is_explained_whole(client, decision, audience):
    body = {"prediction": prediction(decision), "audience": audience}
    response = client.post("/explain", json=body)
    assert response.status_code == 200
    answer = Explanation.model_validate_json(response.content)
    assert str(answer.prediction_id) == prediction()["id"]
    assert answer.engine.model_dump() == {
        "name": "knowledge-base",
        "model": None,
        "prompt_version": None,
        "fallback_reason": None,
    }
    assert answer.disclaimer


def test_labels_codes_and_modalities_nobody_knows_are_accepted(client):
    unknown = prediction(label="klass-7", probabilities={"klass-7": 1.0})
    unknown["quality"] = {"usable": True, "issues": [{"code": "new-code", "message": SECRET}]}
    response = client.post("/explain", json={"prediction": unknown})
    assert response.status_code == 200
    assert SECRET not in response.text


def test_a_question_is_answered(client):
    body = {"prediction": prediction(), "messages": [{"role": "user", "content": "What stage is it?"}]}
    answer = ChatReply.model_validate_json(client.post("/chat", json=body).content)
    assert "No picture of tissue can show that" in answer.reply
    assert answer.engine.name == "knowledge-base"


INVALID = [
    ("/explain", {}),
    ("/explain", {"prediction": prediction(), "extra": SECRET}),
    ("/explain", {"prediction": prediction(extra=SECRET)}),
    ("/explain", {"prediction": prediction(), "audience": SECRET}),
    ("/explain", {"prediction": prediction(), "language": "not a tag"}),
    ("/explain", {"prediction": prediction(malignant_probability=1.01)}),
    ("/explain", {"prediction": prediction(), "clinical": {"positive_nodes": -1}}),
    ("/explain", {"prediction": prediction(), "clinical": {"grade": 4}}),
    ("/explain", {"prediction": prediction(label="x" * 201)}),
    ("/chat", {"prediction": prediction(), "messages": []}),
    ("/chat", {"prediction": prediction(), "messages": [{"role": "system", "content": SECRET}]}),
    ("/chat", {"prediction": prediction(), "messages": [{"role": "assistant", "content": SECRET}]}),
    ("/chat", {"prediction": prediction(), "messages": [{"role": "user", "content": ""}]}),
    ("/chat", {"prediction": prediction(), "messages": [{"role": "user", "content": "x" * 8001}]}),
    ("/chat", {"prediction": prediction(), "messages": [{"role": "user", "content": "x"}] * 101}),
]


@pytest.mark.parametrize(("route", "body"), INVALID, ids=range(len(INVALID)))
def test_a_request_that_does_not_fit_is_a_422_problem_without_its_values(client, route, body):
    response = client.post(route, json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert Problem.model_validate_json(response.content).status == 422
    assert SECRET not in response.text


def test_numbers_that_are_none_are_refused(client):
    text = json.dumps({"prediction": prediction()})
    for value in ("NaN", "Infinity", "1e999", '"0.93"x'):
        raw = text.replace("0.93", value, 1)
        response = client.post("/explain", content=raw, headers={"Content-Type": "application/json"})
        assert response.status_code in {400, 422}, value


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[" * 200_000, b'{"prediction":' * 5_000])
def test_a_body_that_is_no_json_is_a_problem(client, raw):
    response = client.post("/explain", content=raw, headers={"Content-Type": "application/json"})
    assert response.status_code in {400, 422}
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("route", ["/explain", "/chat"])
def test_a_body_beyond_a_megabyte_is_a_413_problem(client, route):
    response = client.post(route, content=b" " * 1_000_001, headers={"Content-Type": "application/json"})
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"


def test_the_service_is_ready_and_describes_both_routes(client):
    assert client.get("/health/ready").json() == {"status": "ok"}
    document = client.get("/openapi.json").json()
    assert {"/explain", "/chat", "/health/live", "/health/ready"} <= set(document["paths"])
    assert set(document["paths"]["/explain"]["post"]["responses"]) == {
        "200",
        "400",
        "403",
        "413",
        "422",
        "500",
    }


def start(**environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CHAT_", "MISTRAL_"))}
    return subprocess.run(
        [sys.executable, "-m", "chat_service"],
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def one_line(result):
    return result.returncode == 1 and len(result.stderr.strip().splitlines()) == 1


def test_listening_beyond_loopback_for_anyone_is_refused_in_one_line():
    result = start(CHAT_HOST="0.0.0.0")  # noqa: S104 - refused is the point
    assert one_line(result), result.stderr
    assert "CHAT_ALLOW_ANONYMOUS" in result.stderr


def test_a_port_in_use_is_told_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = start(CHAT_PORT=str(taken.getsockname()[1]))
    assert one_line(result), result.stderr
    assert "cannot listen" in result.stderr


def test_a_wrong_setting_is_named_by_its_variable_without_its_value():
    result = start(MISTRAL_BASE_URL="ftp://user:pass@host", MISTRAL_API_KEY=SECRET)
    assert one_line(result), result.stderr
    assert result.stderr.startswith("MISTRAL_BASE_URL: ")
    assert "pass" not in result.stderr
    assert SECRET not in result.stderr
