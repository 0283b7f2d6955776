"""What inference signs and the chat service lets through."""

import io
import json
import logging
import os
import subprocess
import sys

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

import chat_service.app
import chat_service.settings
import inference_service.app
import inference_service.settings
from artifact import Outputs
from contract import Band, ClassCard, OperatingPoint, Prediction
from web.signing import SigningSettings

OLD, NEW = "k1:" + "ab" * 32, "k2:" + "cd" * 32


class Stub:
    """Stands in for a loaded model file."""

    class card:
        name = version = architecture = modality = "stub"
        classes = (ClassCard(name="benign", malignant=False), ClassCard(name="malignant", malignant=True))
        operating_point = OperatingPoint(threshold=0.4663969352585712, band=Band(low=0.17, high=0.47))
        gate = ()

    sha256 = "0" * 64

    def predict(self, images):
        row = np.array([[1e-6, 1 - 1e-6]], dtype=np.float32).repeat(len(images), 0)
        return Outputs(row, np.zeros((len(images), 0), dtype=np.float32))


def inference(keys):
    """The inference service with these keys."""
    settings = inference_service.settings.Settings(signing=SigningSettings(signing_key=keys))
    return inference_service.app.create_app(settings, lambda *_: Stub())


def chat(keys):
    """The chat service with these keys, without Mistral."""
    settings = chat_service.settings.Settings(signing=SigningSettings(signing_key=keys))
    unreachable = httpx.MockTransport(lambda _: httpx.Response(500))
    return TestClient(chat_service.app.create_app(settings, transport=unreachable))


@pytest.fixture(scope="module")
def png():
    stream = io.BytesIO()
    Image.new("RGB", (60, 50), "pink").save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="module")
def answer(png):
    """What /predict answers, as bytes, by keys."""

    def ask(keys):
        with TestClient(inference(keys)) as client:
            while client.get("/health/ready").status_code != 200:
                pass
            response = client.post("/predict", files={"file": ("a.png", png)})
        assert response.status_code == 200, response.text
        return response.content

    answers = {keys: ask(keys) for keys in (None, OLD, f"{NEW},{OLD}")}
    return answers.__getitem__


ROUTES = ["/explain", "/chat"]


def send(client, route, prediction):
    """Send a prediction, as bytes or as parsed JSON, to a route of the chat service."""
    raw = prediction if isinstance(prediction, bytes) else json.dumps(prediction).encode()
    rest = b', "messages": [{"role": "user", "content": "What now?"}]' if route == "/chat" else b""
    body = b'{"prediction": ' + raw + rest + b"}"
    return client.post(route, content=body, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("route", ROUTES)
def test_a_signed_prediction_is_explained_as_it_came_and_written_anew(route, answer):
    signed = answer(OLD)
    parsed = json.loads(signed)
    assert parsed["signature"].startswith("k1.")
    anew = json.dumps(dict(reversed(parsed.items())), indent=4, ensure_ascii=True).encode()
    through_the_contract = Prediction.model_validate_json(signed).model_dump_json().encode()
    with chat(OLD) as client:
        for each in (signed, anew, through_the_contract):
            assert send(client, route, each).status_code == 200


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda p: p | {"decision": "benign"}, id="decision"),
        pytest.param(lambda p: p | {"malignant_probability": 0.999998}, id="probability"),
        pytest.param(lambda p: p | {"band": None}, id="no band"),
        pytest.param(lambda p: p | {"quality": {"usable": False, "issues": []}}, id="quality"),
        pytest.param(lambda p: p | {"image": p["image"] | {"sha256": "f" * 64}}, id="image"),
        pytest.param(lambda p: p | {"model": p["model"] | {"version": "2"}}, id="model"),
        pytest.param(lambda p: p | {"created": "2020-01-01T00:00:00Z"}, id="time"),
        pytest.param(lambda p: p | {"disclaimer": "This is a diagnosis."}, id="disclaimer"),
        pytest.param(lambda p: p | {"signature": p["signature"].upper()}, id="capitals"),
        pytest.param(lambda p: p | {"signature": "k9" + p["signature"][2:]}, id="unknown key"),
        pytest.param(lambda p: p | {"signature": None}, id="null signature"),
        pytest.param(lambda p: {k: v for k, v in p.items() if k != "signature"}, id="unsigned"),
    ],
)
def test_an_altered_forged_or_unsigned_prediction_is_a_403_problem(route, alter, answer, caplog):
    altered = alter(json.loads(answer(OLD)))
    with caplog.at_level(logging.DEBUG), chat(OLD) as client:
        response = send(client, route, altered)
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == "/problems/signature-refused"
    assert "/predict" in problem["detail"]
    for value in (altered["id"], altered["image"]["sha256"], altered.get("signature") or "k1."):
        assert value not in response.text
        assert value not in caplog.text


@pytest.mark.parametrize("route", ROUTES)
def test_what_does_not_fit_the_api_is_a_422_before_any_signature_is_looked_at(route, answer):
    with chat(OLD) as client:
        assert send(client, route, json.loads(answer(OLD)) | {"extra": 1}).status_code == 422


def test_without_a_key_a_prediction_has_no_signature_and_any_is_let_through(answer):
    unsigned = json.loads(answer(None))
    assert unsigned["signature"] is None
    with chat(None) as client:
        assert send(client, "/explain", unsigned).status_code == 200
        assert send(client, "/explain", unsigned | {"signature": "k9.nonsense"}).status_code == 200


def test_keys_are_changed_without_refusing_anyone(answer):
    """As docs/signatures.md says: chat knows the new key, inference signs with it, the old one goes."""
    both = f"{NEW},{OLD}"
    with chat(f"{OLD},{NEW}") as first, chat(NEW) as last:
        assert send(first, "/explain", answer(OLD)).status_code == 200
        assert send(first, "/explain", answer(both)).status_code == 200
        assert send(last, "/explain", answer(both)).status_code == 200
        assert send(last, "/explain", answer(OLD)).status_code == 403


def test_both_services_name_a_wrong_key_in_one_line_without_showing_it(root):
    for room in ("inference_service", "chat_service"):
        ended = subprocess.run(
            [sys.executable, "-m", room],
            cwd=root, env=os.environ | {"PREDICTION_SIGNING_KEY": "k1:hush"}, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        assert ended.returncode == 1
        (line,) = ended.stderr.splitlines()
        assert line.startswith("PREDICTION_SIGNING_KEY: ")
        assert "hush" not in line
