"""Schemathesis asks both services what their documents allow, and what they do not, and finds nothing."""

import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch
import uvicorn
from torch import nn

import artifact
import chat_service.app
import chat_service.settings
import inference_service.app
import inference_service.settings
from artifact import Deployed, DomainDistance, Gate
from tests.stand_ins import GATE, make_card

CARD = make_card(gate=GATE, tolerance={"cpu": 0.01})
HERE = Path(__file__).parent
BOUNDS = (
    "--header=Authorization: Bearer key",
    "--phases=examples,coverage,fuzzing",
    "--max-examples=8",
    "--seed=1",
    "--generation-deterministic",
    "--no-shrink",
    "--suppress-health-check=all",
)


@contextmanager
def served(app, ready="/health/ready"):
    """A real server, and its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while not server.started or httpx.get(url + ready, trust_env=False).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield url
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "keys.txt"
    path.write_text(f"schemathesis sha256:{hashlib.sha256(b'key').hexdigest()}\n")
    return path


def made_up_model(folder):
    head = nn.Sequential(OrderedDict(gather=nn.Flatten(), fc=nn.Linear(3 * 14 * 14, 2)))
    distance = DomainDistance(torch.zeros(1, 3), torch.zeros(1, 3, 1), torch.ones(1, 1), torch.ones(1))
    module = Deployed(nn.Sequential(nn.AvgPool2d(16)), head, Gate(distance), 1.0)
    golden = [np.random.default_rng(0).integers(0, 256, (50, 60, 3), dtype=np.uint8)]
    return artifact.save(module, CARD, golden, folder / "made-up.pt")


def find(url, folder, *options):
    """Run Schemathesis with examples, edge cases and a few random ones, the same each time."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", *BOUNDS, *options]
    done = subprocess.run(
        command,
        cwd=folder,  # where it keeps its notes
        env=os.environ | {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_found_in_the_inference_service(keys, tmp_path):
    loaded, given = made_up_model(tmp_path), inference_service.settings.Settings(api_keys=keys)
    with served(inference_service.app.create_app(given, lambda *_: loaded)) as url:
        find(url, tmp_path)


def test_nothing_is_found_in_the_chat_service(keys, tmp_path):
    with served(chat_service.app.create_app(chat_service.settings.Settings(api_keys=keys))) as url:
        # A band is in order, and a question comes last: no schema can say that, the service does.
        find(url, tmp_path, "--exclude-checks=positive_data_acceptance")
