"""`POST /predict/batch`: many images, a line for each, with a made-up model that reads the red channel."""

import hashlib
import io
import json
import threading
import time
from collections import deque

import anyio
import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from artifact import Outputs
from contract import Prediction, Problem
from inference_service.app import create_app
from inference_service.audit import Journal
from inference_service.settings import Settings
from tests.stand_ins import make_card, serve_on_socket, wait_until_ready

CARD = make_card()
BATCH = "/predict/batch"


class RedChannel:
    """Calls red malignant, and counts what it saw."""

    card = CARD
    sha256 = "ab" * 32

    def __init__(self, seconds=0.0):
        self.seconds = seconds
        self.seen = 0

    def predict(self, images):
        time.sleep(self.seconds)
        self.seen += len(images)
        red = np.array([image[:, :, 0].mean() / 255 for image in images], np.float32)
        return Outputs(np.stack([1 - red, red], axis=1), np.zeros((len(images), 0), np.float32))


def png(red):
    stream = io.BytesIO()
    Image.new("RGB", (40, 36), (red, 0, 0)).save(stream, "PNG")
    return stream.getvalue()


def serve(model=None, journal=None, **settings):
    loaded = model or RedChannel()
    app = create_app(Settings(**settings), lambda *_: loaded, journal)
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client():
    with serve(max_bytes=20_000, max_pixels=10_000, max_images=12, max_images_bytes=200_000) as client:
        yield wait_until_ready(client)


def files(*images):
    return [("file", (f"Jane Doe {number}.png", data)) for number, data in enumerate(images)]


def lines_of(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.text.endswith("\n")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["index"] for line in lines] == list(range(len(lines)))
    assert "Jane" not in answer.text
    return lines


def slugs(lines):
    """Return what became of each image: its decision, or the kind of its problem."""
    return [
        line["prediction"]["decision"] if "prediction" in line else line["problem"]["type"].rsplit("/", 1)[1]
        for line in lines
    ]


def test_each_image_gets_a_line_in_the_order_in_which_it_was_sent(client):
    reds = [250, 10, 130, 240, 0, 255, 20, 128, 251, 9]
    lines = lines_of(client.post(BATCH, files=files(*map(png, reds))))
    predictions = [Prediction.model_validate(line["prediction"]) for line in lines]
    assert [each.image.sha256 for each in predictions] == [
        hashlib.sha256(png(red)).hexdigest() for red in reds
    ]
    assert [round(each.malignant_probability * 255) for each in predictions] == reds
    assert len({each.id for each in predictions}) == len(reds)


def test_one_failure_does_not_stop_the_rest(client):
    sent = [png(250), b"Jane Doe, 1960", png(250)[:50], b"", bytes(20_001), png(10)]
    answer = client.post(BATCH, files=files(*sent))
    lines = lines_of(answer)
    assert slugs(lines) == [
        "malignant",
        "image-unreadable",
        "image-truncated",
        "image-empty",
        "file-too-large",
        "benign",
    ]
    for line in lines[1:5]:
        problem = Problem.model_validate(line["problem"])
        assert problem.request_id == answer.headers["x-request-id"]
        assert problem.detail
    assert "20000 bytes" in lines[4]["problem"]["detail"]


def test_fields_that_are_no_image_have_their_lines_too(client):
    sent = [("file", ("a", png(250))), ("patient", ("b", b"Jane")), ("file", ("c", png(10)))]
    assert slugs(lines_of(client.post(BATCH, files=sent))) == ["malignant", "upload-invalid", "benign"]
    sent = [("file", ("a", png(250))), ("file", (None, b"Jane"))]
    assert slugs(lines_of(client.post(BATCH, files=sent))) == ["malignant", "upload-invalid"]


def test_one_image_is_a_batch_too(client):
    assert slugs(lines_of(client.post(BATCH, files=files(png(250))))) == ["malignant"]


def test_more_images_than_may_be_end_with_a_problem_and_the_first_are_answered(client):
    lines = lines_of(client.post(BATCH, files=files(*[png(250)] * 14)))
    assert slugs(lines) == ["malignant"] * 12 + ["too-many-images"]
    assert "12 images" in lines[-1]["problem"]["detail"]


def test_a_form_that_breaks_off_ends_with_a_problem_and_what_came_is_answered(client):
    whole = httpx.Request("POST", "http://any", files=files(png(250), png(10), png(250)))
    content = whole.read()
    cut = content[: content.rindex(b"PNG")]
    headers = {"Content-Type": whole.headers["content-type"]}
    assert slugs(lines_of(client.post(BATCH, content=cut, headers=headers))) == [
        "malignant",
        "benign",
        "upload-malformed",
    ]


@pytest.mark.parametrize(
    ("sent", "status", "slug"),
    [
        pytest.param({}, 422, "upload-invalid", id="no-body"),
        pytest.param({"json": {"file": "Jane"}}, 422, "upload-invalid", id="json"),
        pytest.param(
            {"content": b"--x--\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
            422,
            "upload-invalid",
            id="no-image",
        ),
        pytest.param(
            {"content": b"Jane", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
            400,
            "upload-malformed",
            id="no-form",
        ),
        pytest.param({"files": files(*[bytes(19_000)] * 11)}, 413, "body-too-large", id="announced"),
    ],
)
def test_before_the_first_image_a_mistake_is_a_problem_as_anywhere(client, sent, status, slug):
    answer = client.post(BATCH, **sent)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(answer.content)
    assert (answer.status_code, problem.type) == (status, f"/problems/{slug}")
    assert "Jane" not in answer.text


def test_a_fault_of_the_model_is_a_problem_without_its_words_and_is_logged(caplog):
    class Broken(RedChannel):
        def predict(self, images):
            if any(image[0, 0, 0] == 66 for image in images):
                raise RuntimeError("Jane Doe")
            return super().predict(images)

    with serve(Broken()) as client:
        wait_until_ready(client)
        lines = lines_of(client.post(BATCH, files=files(png(250), png(66), png(10))))
    assert slugs(lines) == ["malignant", "internal-error", "benign"]
    assert "unhandled RuntimeError" in caplog.text
    assert "Jane" not in caplog.text


def test_each_image_is_recorded(tmp_path):
    path = tmp_path / "audit.jsonl"
    with serve(journal=Journal(path, key=None, max_bytes=10**6)) as client:
        wait_until_ready(client)
        lines = lines_of(client.post(BATCH, files=files(png(250), b"x", png(10))))
    recorded = [json.loads(line) for line in path.read_text().splitlines()]
    outcomes = {entry["outcome"] for entry in recorded if entry["event"] == "prediction"}
    assert outcomes == {"malignant", "image-unreadable", "benign"}
    ids = {entry.get("prediction") for entry in recorded}
    assert {line["prediction"]["id"] for line in lines if "prediction" in line} <= ids


def test_each_image_counts_against_the_limit(tmp_path):
    keys = tmp_path / "keys.txt"
    keys.write_text(f"pacs sha256:{hashlib.sha256(b'key').hexdigest()} rate=4\n")
    with serve(api_keys=keys) as client:
        wait_until_ready(client)
        assert client.post(BATCH, files=files(png(250))).status_code == 401
        answer = client.post(BATCH, files=files(*[png(250)] * 6), headers={"X-API-Key": "key"})
        kinds = slugs(lines_of(answer))
        assert sorted(kinds) == ["malignant"] * 4 + ["rate-limited"] * 2
        assert client.post(BATCH, files=files(png(250)), headers={"X-API-Key": "key"}).status_code == 429


def test_a_full_queue_is_a_503_before_anything_is_read():
    slow = RedChannel(seconds=0.3)
    with serve(slow, threads=1, max_queue=0) as client:
        wait_until_ready(client)
        other = threading.Thread(target=lambda: client.post(BATCH, files=files(*[png(250)] * 6)))
        other.start()
        deadline = time.monotonic() + 20
        while slow.seen == 0:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        refused = client.post(BATCH, files=files(png(250)))
        other.join(20)
        assert refused.status_code == 503
        assert refused.headers["retry-after"].isdigit()
        assert lines_of(client.post(BATCH, files=files(png(250))))


def multipart(*images):
    heads = [b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'] * len(images)
    return [head + image + b"\r\n" for head, image in zip(heads, images, strict=True)]


class Caller:
    """Sends a body piece by piece, and sees what comes back meanwhile."""

    def __init__(self, app, state):
        self.lines, self.pieces = [], deque()
        self._app, self._state = app, state
        self._left = False
        self._news, self.came = anyio.Event(), anyio.Event()

    async def give(self, body, more=True):
        self.pieces.append({"type": "http.request", "body": body, "more_body": more})
        self._news.set()

    async def leave(self):
        """Close the connection; as with a real server, what was not read before is never read."""
        self._left = True
        self._news.set()

    async def _receive(self):
        while not self._left and not self.pieces:
            self._news = anyio.Event()
            await self._news.wait()
        return {"type": "http.disconnect"} if self._left else self.pieces.popleft()

    async def _send(self, message):
        if body := message.get("body"):
            self.lines.append(json.loads(body))
            self.came.set()

    async def wait_for(self, count):
        with anyio.fail_after(20):
            while len(self.lines) < count:
                self.came = anyio.Event()
                await self.came.wait()

    async def run(self):
        scope = {
            "type": "http",
            "method": "POST",
            "path": BATCH,
            "query_string": b"",
            "headers": [(b"content-type", b"multipart/form-data; boundary=x")],
            "state": dict(self._state),
        }
        await self._app(scope, self._receive, self._send)


def conversation(model, converse, **settings):
    """Run `converse(caller, done)` beside a request of its."""

    async def run():
        app = create_app(Settings(**settings), lambda *_: model)
        async with app.router.lifespan_context(app) as state:
            while state["model"].why_not_ready:
                await anyio.sleep(0.01)
            caller, done = Caller(app, state), anyio.Event()

            async def request():
                await caller.run()
                done.set()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(request)
                await converse(caller, done)
            return state["queue"].inside

    return anyio.run(run)


def test_lines_come_while_the_upload_is_still_on_its_way():
    async def converse(caller, done):
        first, second = multipart(png(250), png(10))
        await caller.give(first + b"--x\r\n")
        await caller.wait_for(1)
        assert caller.lines[0]["prediction"]["decision"] == "malignant"
        await caller.give(second.removeprefix(b"--x\r\n") + b"--x--\r\n", more=False)
        await done.wait()
        assert slugs(caller.lines) == ["malignant", "benign"]

    assert conversation(RedChannel(), converse) == 0


def test_work_stops_when_the_caller_leaves_after_the_upload():
    slow = RedChannel(seconds=0.1)

    async def converse(caller, done):
        for piece in multipart(*[png(250)] * 6):
            await caller.give(piece)
        await caller.give(b"--x--\r\n", more=False)
        await caller.wait_for(3)
        await caller.leave()
        with anyio.fail_after(20):
            await done.wait()

    assert conversation(slow, converse, threads=1, max_batch=1) == 0
    assert slow.seen < 6


def test_work_stops_when_the_caller_leaves_during_the_upload():
    slow = RedChannel(seconds=0.1)

    async def converse(caller, done):
        for piece in multipart(*[png(250)] * 20):
            await caller.give(piece)
        await caller.wait_for(1)
        await caller.leave()
        with anyio.fail_after(20):
            await done.wait()

    assert conversation(slow, converse, threads=1, max_batch=1) == 0
    assert slow.seen < 10


def test_an_upload_is_read_no_faster_than_its_images_are_worked_on():
    class Held(RedChannel):
        go_on = threading.Event()

        def predict(self, images):
            assert self.go_on.wait(20)
            return super().predict(images)

    held, taken = Held(), 0

    async def converse(caller, done):
        nonlocal taken
        for piece in multipart(*[png(250)] * 30):
            await caller.give(piece)
        await anyio.sleep(0.5)
        taken = 30 - len(caller.pieces)
        held.go_on.set()
        await caller.give(b"--x--\r\n", more=False)
        with anyio.fail_after(20):
            await done.wait()
        assert slugs(caller.lines) == ["malignant"] * 30

    assert conversation(held, converse) == 0
    assert 4 <= taken <= 8


def test_an_upload_that_comes_to_a_halt_ends_with_a_problem():
    async def converse(caller, done):
        await caller.give(b"".join(multipart(png(250), png(10))))
        with anyio.fail_after(20):
            await caller.wait_for(2)
            await caller.leave()  # what is read on for is bounded; here it ends
            await done.wait()
        assert slugs(caller.lines) == ["malignant", "upload-too-slow"]

    assert conversation(RedChannel(), converse, upload_seconds=0.3) == 0


def test_a_body_beyond_the_limit_that_did_not_say_so_ends_with_a_problem():
    async def converse(caller, done):
        for piece in multipart(png(250), *[bytes(400)] * 3):
            await caller.give(piece)
        await caller.give(b"", more=False)
        with anyio.fail_after(20):
            await done.wait()
        assert slugs(caller.lines)[0] == "malignant"
        assert slugs(caller.lines)[-1] == "body-too-large"
        assert "1000 bytes" in caller.lines[-1]["problem"]["detail"]

    assert conversation(RedChannel(), converse, max_images_bytes=1000) == 0


def test_an_answer_ends_at_once_where_the_whole_form_was_read_and_is_not_one():
    with serve_on_socket(create_app(Settings(), lambda *_: RedChannel())) as url:
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        begun = time.monotonic()
        answer = httpx.post(
            f"{url}{BATCH}", content=b"".join(multipart(png(250), png(10))), headers=headers, timeout=30
        )
        assert slugs(lines_of(answer))[-1] == "upload-malformed"
        assert time.monotonic() - begun < 5
