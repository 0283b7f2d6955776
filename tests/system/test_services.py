"""Both services as processes: an image through `/predict`, and the answer, unchanged, through `/explain`."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from artifact import Deployed, DomainDistance, Gate, save
from contract import Explanation, ModelCard, Prediction
from tests.stand_ins import GATE, make_card

ROOMS = ("inference", "chat")


def variables(**own):
    """The environment without settings of whoever runs the tests, and with these."""
    foreign = ("INFERENCE_", "CHAT_", "MISTRAL_", "PREDICTION_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {name: str(value) for name, value in own.items()}


@contextmanager
def running(root, room, log, **settings):
    """Start `python -m {room}_service`, its output in the file `log`; stop it with SIGTERM."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", f"{room}_service"],
            cwd=root,
            env=variables(**settings),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def wait_until(url, status, process, log):
    """Wait until `url` answers with this status; fail at once when the process has ended."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            response = httpx.get(url, timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)
            continue
        if response.status_code == status:
            return response
        time.sleep(0.1)
    raise AssertionError(f"{url} never answered {status}: {log.read_text()}")


@contextmanager
def both(root, model, ports, logs):
    """Both services, ready, as clients for each."""
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    inference = running(
        root, "inference", logs / "inference.log", INFERENCE_PORT=ports[0], INFERENCE_MODEL=model
    )
    chat = running(root, "chat", logs / "chat.log", CHAT_PORT=ports[1])
    with inference as first, chat as second:
        for room, url, process in zip(ROOMS, urls, (first, second), strict=True):
            wait_until(f"{url}/health/ready", 200, process, logs / f"{room}.log")
        with (
            httpx.Client(base_url=urls[0], timeout=60) as one,
            httpx.Client(base_url=urls[1], timeout=60) as two,
        ):
            yield one, two
    for process in (first, second):
        assert process.returncode in (0, -signal.SIGTERM)
    for room in ROOMS:
        assert "Traceback" not in (logs / f"{room}.log").read_text()


def predict_and_explain(inference, chat, data):
    """Send an image through both; return what they answered, as the contract reads it."""
    answer = inference.post("/predict", files={"file": ("image", data)})
    assert answer.status_code == 200, answer.text
    prediction = Prediction.model_validate_json(answer.content)
    body = b'{"prediction": ' + answer.content + b"}"
    reply = chat.post("/explain", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 200, reply.text
    explanation = Explanation.model_validate_json(reply.content)
    assert explanation.prediction_id == prediction.id
    assert explanation.engine.name == "knowledge-base"
    if prediction.decision != "malignant":
        assert explanation.untreated_survival is None
        assert explanation.stage.estimate is None
    return prediction, explanation


CARD = make_card(name="tiny", gate=GATE, tolerance={"cpu": 0.01}, limits=["It has never been trained."])


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory):
    """A real model file with an untrained network, for what does not depend on how good a model is."""
    torch.manual_seed(1)
    features = nn.Sequential(nn.Conv2d(3, 4, 16, stride=16), nn.ReLU())
    distance = DomainDistance(torch.zeros(1, 4), torch.zeros(1, 4, 1), torch.ones(1, 1), torch.ones(1))
    head = nn.Sequential(nn.Flatten(), nn.Linear(4 * 14 * 14, 2))
    module = Deployed(features, head, Gate(distance), temperature=1.0)
    path = tmp_path_factory.mktemp("model") / "tiny.pt"
    golden = [np.random.default_rng(0).integers(0, 256, (50, 60, 3), dtype=np.uint8)]
    save(module, CARD, golden, path)
    return path


@pytest.fixture(scope="module")
def starter(root):
    path = root / "models" / "starter.pt"
    if not path.is_file():
        pytest.skip("models/starter.pt has not been trained here yet")
    return path


@pytest.fixture
def rendered(tmp_path):
    pixels = np.random.default_rng(3).normal((200, 140, 180), 40, (224, 224, 3)).clip(0, 255)
    path = tmp_path / "rendered.png"
    Image.fromarray(pixels.astype(np.uint8)).save(path)
    return path.read_bytes()


def test_a_rendered_image_goes_through_both_services(root, tiny_model, ports, rendered, tmp_path):
    with both(root, tiny_model, ports[:2], tmp_path) as (inference, chat):
        prediction, _ = predict_and_explain(inference, chat, rendered)
        assert prediction.model.name == "tiny"
        blank = predict_and_explain(inference, chat, blank_png(tmp_path))[0]
        assert (blank.quality.usable, blank.decision) == (False, "indeterminate")
    for room in ROOMS:
        assert str(prediction.id) not in (tmp_path / f"{room}.log").read_text()


def blank_png(folder):
    Image.new("RGB", (50, 50), "white").save(folder / "blank.png")
    return (folder / "blank.png").read_bytes()


def test_a_real_image_of_every_domain_goes_through_both_services(root, starter, data_dir, ports, tmp_path):
    tests = {name: data_dir / name / "test_dataset" for name in ("breakhis-200x", "idc")}
    images = [
        sorted(path for path in (folder / side).iterdir() if path.is_file())[0]
        for folder in tests.values()
        for side in ("benign", "malignant")
    ]
    with both(root, starter, ports[:2], tmp_path) as (inference, chat):
        card = ModelCard.model_validate_json(inference.get("/model").content)
        for image in images:
            prediction, _ = predict_and_explain(inference, chat, image.read_bytes())
            assert prediction.quality.usable, image.parent
            assert prediction.model.version == card.version


def test_the_sample_that_ships_with_the_project_goes_through_both_services(root, starter, ports, tmp_path):
    sample = root / "models" / "sample.png"
    if not sample.is_file():
        pytest.skip("models/sample.png is not there yet")
    with both(root, starter, ports[:2], tmp_path) as (inference, chat):
        prediction, explanation = predict_and_explain(inference, chat, sample.read_bytes())
    assert prediction.quality.usable
    assert explanation.sources


def test_a_service_without_its_model_file_lives_and_says_so_in_one_line(root, ports, rendered, tmp_path):
    log, url = tmp_path / "inference.log", f"http://127.0.0.1:{ports[0]}"
    settings = {"INFERENCE_PORT": ports[0], "INFERENCE_MODEL": tmp_path / "none.pt"}
    with running(root, "inference", log, **settings) as process:
        wait_until(f"{url}/health/live", 200, process, log)
        ready = wait_until(f"{url}/health/ready", 503, process, log)
        while "still being loaded" in ready.text:
            ready = httpx.get(f"{url}/health/ready")
        assert "INFERENCE_MODEL" in ready.json()["detail"]
        answer = httpx.post(f"{url}/predict", files={"file": ("Jane Doe.png", rendered)})
        assert answer.json()["type"] == "/problems/model-unavailable"
    lines = [line for line in log.read_text().splitlines() if line.startswith("ERROR")]
    assert len(lines) == 1
    assert "none.pt" in lines[0]
    assert "Jane" not in log.read_text()


def test_a_model_file_that_vanishes_after_loading_is_not_missed(root, tiny_model, ports, rendered, tmp_path):
    copy = tmp_path / "model.pt"
    copy.write_bytes(tiny_model.read_bytes())
    log, url = tmp_path / "inference.log", f"http://127.0.0.1:{ports[0]}"
    with running(root, "inference", log, INFERENCE_PORT=ports[0], INFERENCE_MODEL=copy) as process:
        wait_until(f"{url}/health/ready", 200, process, log)
        copy.unlink()
        assert httpx.post(f"{url}/predict", files={"file": ("a", rendered)}, timeout=60).status_code == 200


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        pytest.param({"HOST": "192.0.2.1"}, "ALLOW_ANONYMOUS", id="exposed"),
        pytest.param({"PORT": "Jane"}, "PORT: ", id="no-port"),
        pytest.param(
            {"HOST": "no.such.host.invalid", "ALLOW_ANONYMOUS": "true"}, "cannot listen", id="no-host"
        ),
    ],
)
def test_a_service_that_cannot_be_served_says_why_in_one_line(root, room, settings, words):
    prefixed = {f"{room.upper()}_{name}": value for name, value in settings.items()}
    ended = subprocess.run(
        [sys.executable, "-m", f"{room}_service"],
        cwd=root, env=variables(**prefixed), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert words in line
    assert "Jane" not in line
