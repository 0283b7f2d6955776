"""A service whose model is not there yet, or never will be, is alive and says what is wrong."""

import io
import logging
import threading
import time
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from artifact import ArtifactInvalid, ArtifactMissing, GoldenMismatch, load
from inference_service.app import create_app
from inference_service.settings import Settings


def png():
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), "pink").save(stream, "PNG")
    return stream.getvalue()


def answers(client):
    """Ask every route that needs the model."""
    yield client.get("/health/ready")
    yield client.get("/model")
    yield client.post("/predict", files={"file": ("a.png", png())})


def wait_until_loaded(client):
    deadline = time.monotonic() + 10
    while "still being loaded" in client.get("/health/ready").text:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_while_the_model_is_loading_the_service_is_alive_and_not_ready():
    go_on = threading.Event()

    def slow(path, device):
        assert go_on.wait(10)
        card = SimpleNamespace(name="slow", version="1", architecture="none", modality="none")
        return SimpleNamespace(card=card, sha256="0" * 64)

    with TestClient(create_app(Settings(), slow)) as client:
        assert client.get("/health/live").json() == {"status": "ok"}
        for response in answers(client):
            assert response.status_code == 503
            assert response.headers["content-type"] == "application/problem+json"
            assert response.headers["retry-after"].isdigit()
            assert "still being loaded" in response.json()["detail"]
        go_on.set()
        wait_until_loaded(client)
        assert client.get("/health/ready").json() == {"status": "ok"}


def test_a_service_that_is_stopped_while_loading_does_not_wait_for_the_model():
    go_on = threading.Event()
    watchdog = threading.Timer(10, go_on.set)
    watchdog.start()

    def slow(path, device):
        go_on.wait()

    with TestClient(create_app(Settings(), slow)) as client:
        assert client.get("/health/live").status_code == 200
    watchdog.cancel()
    assert not go_on.is_set()
    go_on.set()


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        pytest.param(ArtifactMissing("no file at /srv/secret/m.pt"), "INFERENCE_MODEL", id="missing"),
        pytest.param(ArtifactInvalid("bad zip in /srv/secret/m.pt"), "damaged", id="invalid"),
        pytest.param(GoldenMismatch("differs: /srv/secret/m.pt"), "Export it again", id="golden"),
        pytest.param(RuntimeError("a bug near /srv/secret/m.pt"), "Its log", id="bug"),
    ],
)
def test_a_model_that_cannot_be_used_is_a_503_that_says_what_to_do(error, advice, caplog):
    def fail(path, device):
        raise error

    with caplog.at_level(logging.ERROR), TestClient(create_app(Settings(), fail)) as client:
        wait_until_loaded(client)
        assert client.get("/health/live").status_code == 200
        for response in answers(client):
            assert response.status_code == 503
            assert advice in response.json()["detail"]
            assert "/srv" not in response.text
    (record,) = [r for r in caplog.records if r.name.startswith("inference_service")]
    assert record.getMessage().startswith("no model")
    assert bool(record.exc_info) is isinstance(error, RuntimeError)


@pytest.mark.parametrize(
    ("content", "advice"),
    [(None, "no model file"), (b"", "damaged"), (b"PK\x03\x04 not a model", "damaged")],
    ids=["missing", "empty", "garbage"],
)
def test_the_real_loader_refuses_what_is_no_model_file(content, advice, tmp_path):
    path = tmp_path / "model.pt"
    if content is not None:
        path.write_bytes(content)
    with TestClient(create_app(Settings(model=path, device="cpu"), load)) as client:
        wait_until_loaded(client)
        assert advice in client.get("/health/ready").json()["detail"]
