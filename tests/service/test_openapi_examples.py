"""The examples of errors in the OpenAPI documents are what the services say, word for word."""

import hashlib
import io
import json
import threading
import time

import pytest
from fastapi.testclient import TestClient
from PIL import Image

import chat_service.app
import chat_service.settings
import inference_service.app
import inference_service.settings
from contract.example import EXAMPLE
from tools.openapi import FOLDER
from web.signing import SigningSettings

KEY = {"Authorization": "Bearer key"}
FORM = "multipart/form-data; boundary=x"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "keys.txt"
    path.write_text(f"any sha256:{hashlib.sha256(b'key').hexdigest()}\n")
    return path


class Any:
    """Answers nothing; errors come before it is asked."""

    class card:
        name, version, architecture, modality = "any", "1", "none", "histopathology"

    sha256 = "0" * 64


@pytest.fixture(scope="module")
def inference(keys):
    given = inference_service.settings.Settings(api_keys=keys)
    app = inference_service.app.create_app(given, lambda *_: Any())
    with TestClient(app, raise_server_exceptions=False) as client:
        deadline = time.monotonic() + 20
        while client.get("/health/ready").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield client


@pytest.fixture(scope="module")
def chat(keys):
    signing = SigningSettings(signing_key="k1:" + "ab" * 32)
    given = chat_service.settings.Settings(api_keys=keys, signing=signing)
    with TestClient(chat_service.app.create_app(given), raise_server_exceptions=False) as client:
        yield client


def compare(name, answer, path, slug, method="post"):
    document = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    described = document["paths"][path][method]["responses"][str(answer.status_code)]
    said, example = answer.json(), described["content"]["application/problem+json"]["examples"][slug]["value"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert said | {"request_id": ""} == example | {"request_id": ""}
    assert set(described["headers"]) <= {name.title().replace("Www-", "WWW-") for name in answer.headers} | {
        "RateLimit",
        "RateLimit-Policy",
    }


def cut_png():
    stream = io.BytesIO()
    Image.new("RGB", (64, 64), "pink").save(stream, "PNG")
    return stream.getvalue()[:60]


FILES = [
    ("image-empty", b""),
    ("image-unreadable", b"no picture"),
    ("image-truncated", cut_png()),
]


@pytest.mark.parametrize("path", ["/predict", "/heatmap"])
@pytest.mark.parametrize(("slug", "data"), FILES, ids=[slug for slug, _ in FILES])
def test_what_is_said_of_files(inference, path, slug, data):
    compare("inference", inference.post(path, files={"file": ("a", data)}, headers=KEY), path, slug)


@pytest.mark.parametrize("path", ["/predict", "/heatmap", "/predict/batch"])
def test_what_is_said_of_forms_and_callers(inference, path):
    headers = KEY | {"Content-Type": FORM}
    compare("inference", inference.post(path, content=b"--x--\r\n", headers=headers), path, "upload-invalid")
    compare("inference", inference.post(path, content=b"none", headers=headers), path, "upload-malformed")
    compare("inference", inference.post(path), path, "unauthenticated")


def test_what_is_said_of_a_body_that_is_too_large(inference):
    answer = inference.post("/predict", content=bytes(20_000_001), headers=KEY | {"Content-Type": FORM})
    compare("inference", answer, "/predict", "body-too-large")


def test_what_is_said_of_options(inference):
    compare("inference", inference.post("/heatmap?opacity=2", headers=KEY), "/heatmap", "request-invalid")


def test_what_is_said_while_there_is_no_model(keys):
    go_on = threading.Event()
    given = inference_service.settings.Settings(api_keys=keys)
    app = inference_service.app.create_app(given, lambda *_: go_on.wait(20) and Any())
    with TestClient(app, raise_server_exceptions=False) as client:
        answers = {
            path: client.post(path, headers=KEY) for path in ("/predict", "/heatmap", "/predict/batch")
        }
        card = client.get("/model", headers=KEY)
        go_on.set()
    for path, answer in answers.items():
        compare("inference", answer, path, "model-unavailable")
    compare("inference", card, "/model", "model-unavailable", "get")


@pytest.mark.parametrize(
    ("slug", "sent"),
    [
        ("request-invalid", {"json": {}}),
        ("signature-refused", {"json": {"prediction": EXAMPLE.model_dump(mode="json")}}),
        ("body-too-large", {"content": bytes(1_000_001)}),
        ("bad-request", {"content": b"\xff\xfe{", "headers": {"Content-Type": "application/json"}}),
        ("unauthenticated", {"json": {}, "headers": {"Authorization": "Bearer none"}}),
    ],
)
def test_what_the_chat_service_says(chat, slug, sent):
    answer = chat.post("/explain", **(sent | {"headers": KEY | sent.get("headers", {})}))
    compare("chat", answer, "/explain", slug)
