"""What several tests hold up in the place of a trained model and of a running service."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from artifact.gate import STATISTICS
from contract import ModelCard
from web.serve import server_config
from web.settings import ServiceSettings

PATIENCE_S = 60


def make_card(**changes: Any) -> ModelCard:
    """Return the card of a model of benign and malignant that was never trained; `changes` replace fields."""
    fields: dict[str, Any] = {
        "name": "made-up",
        "version": "1",
        "architecture": "none",
        "modality": "histopathology",
        "created": datetime(2026, 11, 1, tzinfo=UTC),
        "licence": "Apache-2.0",
        "classes": [{"name": "benign", "malignant": False}, {"name": "malignant", "malignant": True}],
        "operating_point": {"threshold": 0.5, "band": {"low": 0.4, "high": 0.6}},
        "calibration": {"temperature": 1, "fitted_on": "nothing"},
        "gate": [],
        "data": [],
        "metrics": [],
        "training": {"epochs": 0, "batch_size": 0, "learning_rate": 0, "seed": 0, "note": "never trained"},
        "compression": {"method": "none", "rank": 0, "full_auc": {}, "file_auc": {}},
        "tolerance": {"cpu": 0.001},
        "intended_use": "tests",
        "limits": [],
    }
    return ModelCard.model_validate(fields | changes)


BLANK = {"statistic": "contrast", "low": 4, "high": None, "code": "blank", "blocks": True}
"""The limit that refuses pictures without contrast."""
GATE = [
    BLANK if name == "contrast" else {**BLANK, "statistic": name, "low": None, "code": name}
    for name in STATISTICS
]
"""The limits of a real file, of which only that one refuses anything."""


def wait_until_ready(client: TestClient) -> TestClient:
    """Return the client once its service can answer."""
    deadline = time.monotonic() + PATIENCE_S
    while client.get("/health/ready").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return client


@contextmanager
def serve_on_socket(app: FastAPI) -> Iterator[str]:
    """Serve on a port of its own and yield the URL, once the service can answer."""
    with serve_app(app) as url:
        deadline = time.monotonic() + PATIENCE_S
        while not httpx.get(f"{url}/health/ready").is_success:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield url


@contextmanager
def serve_app(app: FastAPI) -> Iterator[str]:
    """Serve any application on a port of its own, as our services are, and yield the URL."""
    server = uvicorn.Server(server_config(app, ServiceSettings(port=0)))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            deadline = time.monotonic() + PATIENCE_S
            while not server.started:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            yield url
        finally:
            server.should_exit = True
            thread.join()


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports
