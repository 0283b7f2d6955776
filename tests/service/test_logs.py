"""What stands in the logs: one line a request, as text or JSON, with an id that travels and nobody's data."""

import io
import json
import logging
from contextlib import contextmanager
from uuid import uuid4

import httpx
import pytest
from starlette.testclient import TestClient

from chat_service.app import create_app
from chat_service.settings import MistralSettings, Settings
from web.logs import TEXT, JsonFormatter

NAME = "Maria_Musterfrau"
PREDICTION = {
    "label": NAME,
    "decision": "malignant",
    "malignant_probability": 0.9,
    "threshold": 0.5,
    "probabilities": {NAME: 1.0},
    "quality": {"usable": True},
    "model": {"name": NAME, "version": "1", "architecture": "a", "modality": "m", "sha256": "ab" * 32},
    "image": {"sha256": "cd" * 32, "format": "PNG", "width": 50, "height": 50},
}


@contextmanager
def logging_as(formatter):
    """Collect what is logged meanwhile, written by this formatter."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    # The client of these tests logs too, and is not what is looked at.
    handler.addFilter(lambda record: not record.name.startswith("httpx"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield lambda: stream.getvalue().splitlines()
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def service(transport=None):
    mistral = MistralSettings(api_key="key" if transport else None, max_attempts=1)
    return TestClient(
        create_app(Settings(mistral=mistral), transport=transport), raise_server_exceptions=False
    )


def requests_of(lines):
    return [entry for entry in map(json.loads, lines) if entry["logger"] == "web.request_id"]


def test_a_request_is_one_json_line_under_the_caller_s_id():
    own = str(uuid4())
    with service() as client, logging_as(JsonFormatter()) as lines:
        client.post("/explain", json={"prediction": PREDICTION}, headers={"X-Request-ID": own})
    (entry,) = requests_of(lines())
    assert entry.pop("ms") > 0
    assert entry.pop("time").endswith("+00:00")
    assert entry == {
        "level": "INFO",
        "logger": "web.request_id",
        "request_id": own,
        "method": "POST",
        "route": "/explain",
        "status": 200,
        "client": "(unknown)",
    }


def test_other_lines_of_a_request_bear_its_id_too():
    own = str(uuid4())
    failing = httpx.MockTransport(lambda _: httpx.Response(500))
    with service(failing) as client, logging_as(JsonFormatter()) as lines:
        client.post("/explain", json={"prediction": PREDICTION}, headers={"X-Request-ID": own})
    entries = [json.loads(line) for line in lines()]
    assert {"chat_service.engine", "web.request_id"} <= {entry["logger"] for entry in entries}
    assert {entry["request_id"] for entry in entries} == {own}


def test_the_text_form_says_the_same():
    own = str(uuid4())
    with service() as client, logging_as(logging.Formatter(TEXT)) as lines:
        client.get("/health/live", headers={"X-Request-ID": own})
    line = next(line for line in lines() if "web.request_id" in line)
    assert line.startswith(f"INFO web.request_id {own} GET /health/live 200 ")
    assert line.endswith(" (unknown)")


@pytest.mark.parametrize("formatter", [JsonFormatter(), logging.Formatter(TEXT)], ids=["json", "text"])
def test_nothing_that_a_caller_wrote_is_logged(formatter):
    with service() as client, logging_as(formatter) as lines:
        client.post("/explain", json={"prediction": PREDICTION}, headers={"X-Request-ID": NAME})
        client.get(f"/{NAME}?patient={NAME}", headers={"User-Agent": NAME, "X-API-Key": NAME})
        client.request(NAME.upper().replace("_", ""), "/explain")
        client.post("/explain", json={NAME: NAME})
    text = "\n".join(lines()).lower()
    assert len(lines()) >= 4
    assert NAME.lower() not in text
    assert "musterfrau" not in text


def test_a_caller_s_id_that_is_no_uuid_is_replaced():
    with service() as client:
        assert client.get("/health/live", headers={"X-Request-ID": NAME}).headers["x-request-id"] != NAME


def test_quotes_and_line_breaks_cannot_break_out_of_a_json_line():
    record = logging.LogRecord("n", logging.INFO, "", 0, 'a "quoted"\n{"level": "x"}', None, None)
    assert json.loads(JsonFormatter().format(record))["message"] == 'a "quoted"\n{"level": "x"}'
    assert "\n" not in JsonFormatter().format(record)
