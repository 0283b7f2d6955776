"""`POST /predict` and `GET /model` with a made-up model that reads the red channel."""

import hashlib
import io
import json
import struct
import tempfile
import threading
import time
import zlib

import anyio
import jsonschema
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from artifact import Outputs
from contract import DISCLAIMER, ModelCard, Prediction, Problem
from contract.example import EXAMPLE
from inference_service.app import create_app
from inference_service.settings import Settings
from tests.stand_ins import BLANK, make_card

CARD = make_card(
    version="1.2.3",
    architecture="red channel",
    classes=[
        {"name": "benign", "malignant": False},
        {"name": "ductal", "malignant": True},
        {"name": "lobular", "malignant": True},
    ],
    gate=[BLANK, {"statistic": "width", "low": 34, "high": None, "code": "made_up_code", "blocks": False}],
)


class RedChannel:
    """Calls red malignant: a third of it lobular, the rest ductal."""

    card = CARD
    sha256 = "ab" * 32

    def predict(self, images):
        red = np.array([image[:, :, 0].mean() / 255 for image in images], np.float32)
        gate = np.array([[image.std(), image.shape[1]] for image in images], np.float32)
        return Outputs(np.stack([1 - red, red * 2 / 3, red / 3], axis=1), gate)


def picture(red, size=(40, 36)):
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    pixels[:, :, 0] = red
    pixels[::2, :, 1] = 200
    return Image.fromarray(pixels)


def encode(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


PNG = encode(picture(250))


def serve(settings=None, artifact=None):
    loaded = artifact or RedChannel()
    return TestClient(create_app(settings or Settings(), lambda *_: loaded), raise_server_exceptions=False)


def wait_until_ready(client):
    deadline = time.monotonic() + 10
    while client.get("/health/ready").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return client


@pytest.fixture(scope="module")
def client():
    with serve(Settings(max_bytes=100_000, max_pixels=10_000)) as client:
        yield wait_until_ready(client)


def post(client, data, name="image"):
    return client.post("/predict", files={"file": (name, data)})


def problem_of(response):
    assert response.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(response.content)
    assert problem.status == response.status_code
    assert problem.request_id == response.headers["x-request-id"]
    return problem


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "WEBP"])
def test_an_image_of_every_format_gets_a_prediction(client, kind):
    data = encode(picture(250), kind)
    response = post(client, data)
    assert response.status_code == 200, response.text
    prediction = Prediction.model_validate_json(response.content)
    assert prediction.image.model_dump() == {
        "sha256": hashlib.sha256(data).hexdigest(),
        "format": kind,
        "width": 40,
        "height": 36,
    }
    assert (prediction.label, prediction.decision) == ("ductal", "malignant")
    assert prediction.malignant_probability > 0.8
    assert list(prediction.probabilities) == ["benign", "ductal", "lobular"]
    assert prediction.model.model_dump() == {
        "name": "made-up",
        "version": "1.2.3",
        "architecture": "red channel",
        "modality": "histopathology",
        "sha256": "ab" * 32,
    }
    assert (prediction.threshold, prediction.band) == (0.5, CARD.operating_point.band)
    assert prediction.quality.usable
    assert prediction.quality.issues == []
    assert prediction.disclaimer == DISCLAIMER
    assert prediction.signature is None


@pytest.mark.parametrize(
    ("red", "label", "decision", "malignant"),
    [
        (20, "benign", "benign", 0.078431),
        (128, "benign", "indeterminate", 0.501961),
        (250, "ductal", "malignant", 0.980392),
    ],
)
def test_the_malignant_probability_is_the_sum_over_the_malignant_classes(
    client, red, label, decision, malignant
):
    answer = post(client, encode(picture(red))).json()
    assert (answer["label"], answer["decision"]) == (label, decision)
    assert answer["malignant_probability"] == pytest.approx(malignant, abs=2e-6)
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=3e-6)


def test_a_blank_image_is_answered_but_not_decided(client):
    answer = post(client, encode(Image.new("RGB", (40, 36), (250, 250, 250)))).json()
    assert answer["quality"]["usable"] is False
    assert [issue["code"] for issue in answer["quality"]["issues"]] == ["blank"]
    assert answer["decision"] == "indeterminate"
    assert answer["malignant_probability"] == pytest.approx(0.980392, abs=2e-6)


def test_a_remark_that_does_not_block_leaves_the_decision(client):
    answer = post(client, encode(picture(250, (33, 33)))).json()
    assert answer["quality"]["usable"] is True
    assert [issue["code"] for issue in answer["quality"]["issues"]] == ["made_up_code"]
    assert answer["decision"] == "malignant"


def test_the_pages_of_a_tiff_after_the_first_are_remarked(client):
    data = encode(picture(250), "TIFF", save_all=True, append_images=[picture(0)])
    answer = post(client, data).json()
    assert answer["decision"] == "malignant"
    assert [issue["code"] for issue in answer["quality"]["issues"]] == ["several_pictures"]


def test_every_prediction_has_its_own_id(client):
    assert post(client, PNG).json()["id"] != post(client, PNG).json()["id"]


def test_the_model_card_is_served_whole(client):
    assert ModelCard.model_validate_json(client.get("/model").content) == CARD


def multipart(*parts, boundary=b"xyz"):
    body = b"".join(b"--" + boundary + b"\r\n" + head + b"\r\n\r\n" + data + b"\r\n" for head, data in parts)
    return body + b"--" + boundary + b"--\r\n"


HEAD = b'Content-Disposition: form-data; name="file"; filename="Jane Doe.png"'
FORM = "multipart/form-data; boundary=xyz"


def request(content=PNG, content_type=FORM):
    return {"content": content, "headers": {"Content-Type": content_type}}


def file(data, name="Jane Doe.png"):
    return {"files": {"file": (name, data)}}


HUGE = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
    + (header := struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    + struct.pack(">I", 0)
    + b"IDAT"
    + struct.pack(">I", zlib.crc32(b"IDAT"))
)

ERRORS = [
    pytest.param(file(b""), 422, "image-empty", "empty", id="empty-file"),
    pytest.param(file(b"Jane Doe, 1960"), 415, "image-unreadable", "JPEG, PNG, TIFF", id="text"),
    pytest.param(file(encode(picture(9), "GIF")), 415, "image-unreadable", "JPEG, PNG", id="gif"),
    pytest.param(file(PNG[:60]), 415, "image-truncated", "whole file", id="truncated"),
    pytest.param(file(PNG[:40] + bytes(20) + PNG[60:]), 415, "image-truncated", "damaged", id="damaged"),
    pytest.param(file(encode(picture(9, (200, 51)))), 413, "image-too-large", "10000 pixels", id="pixels"),
    pytest.param(file(HUGE), 413, "image-too-large", "10000 pixels", id="bomb"),
    pytest.param(file(bytes(100_001)), 413, "body-too-large", "100000 bytes", id="bytes"),
    pytest.param({}, 422, "upload-invalid", "multipart/form-data", id="no-body"),
    pytest.param({"json": {"file": "Jane"}}, 422, "upload-invalid", "multipart/form-data", id="json"),
    pytest.param({"data": {"file": "Jane"}}, 422, "upload-invalid", "multipart/form-data", id="urlencoded"),
    pytest.param(request(PNG, "image/png"), 422, "upload-invalid", "multipart/form-data", id="bare-image"),
    pytest.param({"files": {"image": ("a", PNG)}}, 422, "upload-invalid", "unknown", id="other-field"),
    pytest.param({"files": {"file": (None, "Jane")}}, 422, "upload-invalid", "is text", id="file-as-text"),
    pytest.param(
        {"files": {"file": ("a", PNG)}, "data": {"patient": "Jane"}},
        422,
        "upload-invalid",
        "unknown",
        id="more",
    ),
    pytest.param(
        {"files": [("file", ("a", PNG)), ("file", ("b", PNG))]}, 422, "upload-invalid", "one image", id="two"
    ),
    pytest.param(
        {"files": [("file", ("a", b"x")) for _ in range(11)]}, 400, "upload-malformed", "one image", id="many"
    ),
    pytest.param(request(multipart()), 422, "upload-invalid", "missing", id="empty-form"),
    pytest.param(request(b""), 400, "upload-malformed", "multipart", id="form-without-an-end"),
    pytest.param(request(b"", "multipart/form-data"), 400, "upload-malformed", "multipart", id="no-boundary"),
    pytest.param(request(b"Jane Doe"), 400, "upload-malformed", "multipart", id="no-multipart"),
    pytest.param(request(multipart((b"X: y", PNG))), 422, "upload-invalid", "without a name", id="nameless"),
    pytest.param(
        request(multipart((HEAD, PNG))[:-20]), 400, "upload-malformed", "multipart", id="body-cut-off"
    ),
    pytest.param(
        request(multipart((HEAD.split(b"; filename")[0], b"\xff")), FORM + "; charset=undefined"),
        422,
        "upload-invalid",
        "is text",
        id="absurd-charset",
    ),
    pytest.param(
        request(multipart((b"X: " + bytes(70_000), PNG))),
        400,
        "upload-malformed",
        "multipart",
        id="long-header",
    ),
    pytest.param(
        request(multipart((HEAD, PNG), boundary=b"x" * 900), FORM.replace("xyz", "x" * 900)),
        400,
        "upload-malformed",
        "multipart",
        id="long-boundary",
    ),
]


@pytest.mark.parametrize(("sent", "status", "slug", "advice"), ERRORS)
def test_every_mistake_is_a_problem_that_says_what_to_do(client, sent, status, slug, advice):
    problem = problem_of(client.post("/predict", **sent))
    assert (problem.status, problem.type) == (status, f"/problems/{slug}")
    assert advice in problem.detail
    assert "Jane" not in problem.model_dump_json()


def test_an_unknown_route_is_a_404_problem(client):
    assert problem_of(client.get("/predictions/Jane")).status == 404


def test_a_trailing_slash_is_no_redirect_that_would_send_the_image_again(client):
    response = client.post("/predict/", files={"file": ("a", PNG)}, follow_redirects=False)
    assert problem_of(response).status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_wrong_method_is_a_405_problem_that_names_the_right_one(client, method):
    response = client.request(method, "/predict")
    assert problem_of(response).status == 405
    assert response.headers["allow"] == "POST"


def test_an_endless_body_without_a_length_is_cut_at_the_limit(client):
    def chunks():
        yield multipart((HEAD, b""))[:-12]
        for _ in range(300):
            yield bytes(1000)

    response = client.post("/predict", content=chunks(), headers={"Content-Type": FORM})
    problem = problem_of(response)
    assert problem.status == 413
    assert problem.type == "/problems/body-too-large"
    assert "100000 bytes" in problem.detail


def test_the_largest_body_that_passes_is_as_large_as_the_limit(client):
    frame = len(multipart((HEAD, b"")))
    for surplus, status in [(0, 415), (1, 413)]:
        sent = request(multipart((HEAD, bytes(100_000 - frame + surplus))))
        assert client.post("/predict", **sent).status_code == status


def test_a_filename_and_a_content_type_change_nothing(client):
    sent = client.post("/predict", files={"file": ("../../etc/passwd", PNG, "text/html")})
    assert sent.status_code == 200
    assert "passwd" not in sent.text


def test_no_picture_touches_the_disk(client, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr(tempfile, "_TemporaryFileWrapper", refuse)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    settings = Settings(max_bytes=5_000_000, max_pixels=2_000_000)
    noise = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3), dtype=np.uint8)
    with serve(settings) as roomy:
        data = encode(Image.fromarray(noise))
        assert len(data) > 2_000_000
        assert post(wait_until_ready(roomy), data).status_code == 200


def test_a_fault_of_the_model_is_a_500_without_its_words():
    class Broken(RedChannel):
        def predict(self, images):
            raise RuntimeError(f"Jane Doe at {id(images)}")

    with serve(artifact=Broken()) as client:
        problem = problem_of(post(wait_until_ready(client), PNG))
        assert problem.status == 500
        assert "Jane" not in problem.model_dump_json()
        assert client.get("/health/live").status_code == 200


def test_a_model_that_gives_no_number_is_a_500_and_never_a_reassuring_zero():
    class Nan(RedChannel):
        def predict(self, images):
            outputs = super().predict(images)
            return Outputs(np.full_like(outputs.probabilities, np.nan), outputs.gate)

    with serve(artifact=Nan()) as client:
        assert problem_of(post(wait_until_ready(client), PNG)).status == 500


class Held(RedChannel):
    """Answers only once it is let go."""

    def __init__(self):
        self.go_on = threading.Event()
        self.busy = threading.Semaphore(0)

    def predict(self, images):
        self.busy.release()
        assert self.go_on.wait(10)
        return super().predict(images)


def test_a_full_queue_answers_503_at_once_and_health_goes_on():
    held = Held()
    answers = []
    with serve(Settings(threads=1, max_queue=2), held) as client:
        wait_until_ready(client)
        callers = [threading.Thread(target=lambda: answers.append(post(client, PNG))) for _ in range(3)]
        for caller in callers:
            caller.start()
        assert held.busy.acquire(timeout=10)
        refused = poll_until_refused(client)
        assert problem_of(refused).type == "/problems/busy"
        assert refused.headers["retry-after"].isdigit()
        assert client.get("/health/live").status_code == 200
        held.go_on.set()
        for caller in callers:
            caller.join(10)
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert post(client, PNG).status_code == 200


def poll_until_refused(client):
    """Ask with a body that is refused either way until all three callers have come in."""
    deadline = time.monotonic() + 10
    while (response := client.post("/predict")).status_code != 503:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return response


async def disconnect():
    return {"type": "http.disconnect"}


@pytest.mark.parametrize(
    ("receive", "status", "slug"),
    [
        pytest.param(anyio.sleep_forever, 408, "upload-too-slow", id="too-slow"),
        pytest.param(disconnect, 400, "upload-malformed", id="disconnected"),
    ],
)
def test_an_upload_that_never_becomes_whole_is_a_problem(receive, status, slug):
    async def call():
        app = create_app(Settings(upload_seconds=0.05), lambda *_: RedChannel())
        sent = []
        async with app.router.lifespan_context(app) as state:
            while state["model"].why_not_ready:
                await anyio.sleep(0.01)
            scope = {
                "type": "http",
                "method": "POST",
                "path": "/predict",
                "query_string": b"",
                "headers": [(b"content-type", FORM.encode())],
                "state": dict(state),
            }

            async def send(message):
                sent.append(message)

            await app(scope, receive, send)
        return sent

    start, body = anyio.run(call)
    assert start["status"] == status
    assert json.loads(body["body"])["type"] == f"/problems/{slug}"


@pytest.fixture(scope="module")
def document(client):
    return client.get("/openapi.json").json()


def test_the_openapi_document_tells_how_to_send_an_image(document):
    operation = document["paths"]["/predict"]["post"]
    schema = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert operation["requestBody"]["required"] is True
    assert schema["required"] == ["file"]
    assert schema["properties"]["file"]["format"] == "binary"
    assert DISCLAIMER in document["info"]["description"]


def test_the_openapi_document_names_every_status_that_predict_answers(document):
    documented = set(document["paths"]["/predict"]["post"]["responses"])
    answered = {"200", "408", "500", "503"} | {str(parameters.values[1]) for parameters in ERRORS}
    assert documented == answered


def test_every_error_in_the_openapi_document_is_a_problem(document):
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if status != "200":
                    schema = response["content"]["application/problem+json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}
    assert "Problem" in document["components"]["schemas"]


def test_answers_and_examples_fit_the_openapi_document(client, document):
    answer = document["paths"]["/predict"]["post"]["responses"]["200"]["content"]["application/json"]
    schema = {**answer["schema"], "components": document["components"]}
    jsonschema.validate(post(client, PNG).json(), schema)
    jsonschema.validate(answer["example"], schema)
    assert Prediction.model_validate(answer["example"]) == EXAMPLE
