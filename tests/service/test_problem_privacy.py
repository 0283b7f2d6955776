"""What errors and logs must not repeat, on a service made for the purpose."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from contract import ExplanationRequest
from web.app import create_service
from web.metrics import create_registry
from web.settings import ServiceSettings

NAME = "Maria_Musterfrau"


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield


@pytest.fixture
def client():
    app = create_service(
        title="t",
        description="d",
        settings=ServiceSettings(port=0),
        registry=create_registry(),
        body_limit=10_000,
        lifespan=lifespan,
        problems={},
        why_not_ready=lambda _: None,
    )

    @app.post("/read")
    async def read(body: ExplanationRequest) -> None:
        raise ValueError(f"{NAME} was here {body.audience}")

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({NAME: 1}, id="unknown field"),
        pytest.param({"prediction": {"probabilities": {NAME: 2}}}, id="key of a mapping"),
        pytest.param({"prediction": {"label": NAME * 100}}, id="value"),
        pytest.param({"prediction": {"quality": {"issues": [{NAME: NAME}]}}}, id="deep inside"),
        pytest.param({"audience": NAME}, id="choice"),
    ],
)
def test_a_refused_body_is_not_repeated(client, body, caplog):
    response = client.post("/read", json=body)
    assert response.status_code == 422
    assert NAME not in response.text
    assert NAME not in caplog.text


def test_known_fields_are_named_in_the_refusal(client):
    detail = client.post("/read", json={"prediction": {"label": 5}}).json()["detail"]
    assert "body.prediction.label" in detail


def test_a_bug_is_a_500_whose_words_stand_nowhere(client, caplog, payload):
    with caplog.at_level(logging.INFO):
        response = client.post("/read", json={"prediction": payload})
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert NAME not in response.text
    assert "ValueError" in caplog.text
    assert NAME not in caplog.text


@pytest.fixture
def payload():
    return {
        "label": "benign",
        "decision": "benign",
        "malignant_probability": 0.1,
        "threshold": 0.5,
        "probabilities": {"benign": 0.9, "malignant": 0.1},
        "quality": {"usable": True, "issues": []},
        "model": {"name": "n", "version": "1", "architecture": "a", "modality": "m", "sha256": "0" * 64},
        "image": {"sha256": "1" * 64, "format": "PNG", "width": 10, "height": 10},
    }
