"""The page against two tiny services on loopback that answer what each test lays down."""

import html
import json
import re
import shutil
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from streamlit.testing.v1 import AppTest

from contract import DISCLAIMER, Explanation, ExplanationRequest, Prediction, Problem

PICTURE = ("Mrs Example 1950.png", b"bytes that only the inference service understands", "image/png")
SOURCE = {"id": "s1", "citation": "A Paper, 1999", "url": "https://doi.org/10.1/x", "statement": "A fact."}
SURVIVAL = {
    "statement": "People who were not treated, long ago.",
    "median_years": {"low": 2.3, "high": 2.7},
    "survival": [{"years": 5, "percent": 18.4}],
    "caveat": "Not a personal forecast.",
    "sources": ["s1"],
}


class FakeService:
    """A service that answers every path with what the test laid down, and remembers what it was sent."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.received: list[tuple[str, bytes]] = []
        self.ids: dict[str, str | None] = {}
        self._server: ThreadingHTTPServer | None = None
        self.port = 0
        self.delay_s = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                fake.received.append((self.path, body))
                fake.ids[self.path] = self.headers.get("X-Request-ID")
                time.sleep(fake.delay_s)
                status, reply = fake.answers.get(self.path, (404, b"not laid down"))
                self.send_response(status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            do_GET = do_POST = _answer

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def lay_down(self, path: str, payload: Prediction | Explanation | Problem, status: int = 200) -> None:
        self.answers[path] = (status, payload.model_dump_json().encode())

    def requests(self, path: str) -> list[bytes]:
        return [body for asked, body in self.received if asked == path]


def test_the_page_opens_with_the_disclaimer_and_without_asking_any_service(page, inference, chat):
    page.run()
    assert DISCLAIMER in shown(page)
    assert "Not a diagnosis" in shown(page)
    assert inference.received == chat.received == []


def test_a_picture_is_read_and_explained_the_decision_first(page, inference, chat):
    text = shown(drop(page))
    order = [
        "looks more like cancerous tissue",
        "83 %",
        "What to do",
        "Explanation",
        "Whom to see",
        "Stage",
        "A Paper, 1999",
        "knowledge base",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert "A pathologist must decide" in text


def test_both_services_are_asked_under_one_id(page, inference, chat):
    drop(page)
    assert str(UUID(inference.ids["/predict"])) == chat.ids["/explain"]


def test_the_file_name_is_not_sent_on(page, inference, chat):
    drop(page)
    body = inference.requests("/predict")[0]
    assert PICTURE[1] in body
    assert b"Example" not in body


def test_the_prediction_reaches_the_chat_service_unchanged(page, inference, chat):
    drop(page)
    sent = json.loads(chat.requests("/explain")[0])["prediction"]
    assert sent == json.loads(inference.answers["/predict"][1])


def test_survival_figures_are_neither_shown_nor_asked_for_until_the_reader_wants_them(page, inference, chat):
    page = drop(page)
    assert [asked.include_prognosis for asked in requests(chat)] == [False]
    assert "18.4" not in shown(page)
    chat.lay_down("/explain", explanation(survival=True))
    page.button(key="survival").click().run()
    assert [asked.include_prognosis for asked in requests(chat)] == [False, True]
    assert "18.4 % alive" in shown(page)
    assert "Not a personal forecast." in shown(page)


def test_survival_figures_can_be_hidden_again(page, inference, chat):
    page = drop(page)
    chat.lay_down("/explain", explanation(survival=True))
    page.button(key="survival").click().run()
    page.button(key="survival").click().run()
    assert "18.4" not in shown(page)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"decision": "benign", "malignant_probability": 0.1}, id="benign"),
        pytest.param({"decision": "indeterminate", "malignant_probability": 0.5}, id="indeterminate"),
        pytest.param({"quality": {"usable": False, "issues": []}}, id="unusable"),
    ],
)
def test_survival_figures_are_offered_for_a_malignant_reading_only(page, inference, chat, changes):
    inference.lay_down("/predict", prediction(**changes))
    page = drop(page)
    assert "left untreated" not in shown(page)
    assert [button.key for button in page.button if button.key == "survival"] == []


def test_an_unusable_picture_is_not_judged_whatever_its_decision_says(page, inference, chat):
    quality = {"usable": False, "issues": [{"code": "blank", "message": "The picture is all white."}]}
    inference.lay_down("/predict", prediction(quality=quality))
    text = shown(drop(page))
    assert "cannot be judged" in text
    assert "The picture is all white." in text
    assert "looks more like" not in text
    assert "83 %" not in text


def test_another_reader_gets_an_explanation_of_their_own(page, inference, chat):
    page = drop(page)
    page.radio[0].set_value("clinician").run()
    assert [asked.audience for asked in requests(chat)] == ["patient", "clinician"]


def test_going_back_to_the_first_reader_asks_nobody_again(page, inference, chat):
    page = drop(page)
    page.radio[0].set_value("clinician").run()
    page.radio[0].set_value("patient").run()
    assert len(requests(chat)) == 2
    assert len(inference.requests("/predict")) == 1


def test_a_new_picture_is_read_anew(page, inference, chat):
    page = drop(page)
    inference.lay_down("/predict", prediction(decision="benign", malignant_probability=0.1))
    page.file_uploader[0].set_value(("b.png", b"another picture", "image/png")).run()
    assert "does not rule out cancer" in shown(page)


def test_a_problem_of_the_inference_service_is_shown_with_its_advice(page, inference, chat):
    inference.lay_down("/predict", problem(415, "The image cannot be read", "Send a PNG or JPEG."), 415)
    text = shown(drop(page))
    assert "inference service says: The image cannot be read" in text
    assert "Send a PNG or JPEG." in text
    assert chat.received == []


def test_a_problem_of_the_chat_service_leaves_the_reading_in_sight(page, inference, chat):
    chat.lay_down("/explain", problem(429, "Too many requests", "Wait a minute."), 429)
    text = shown(drop(page))
    assert "looks more like cancerous tissue" in text
    assert "chat service says: Too many requests" in text
    assert "Wait a minute." in text


def test_the_page_names_the_inference_service_when_it_is_down_and_recovers(page, inference, chat):
    inference.stop()
    page = drop(page)
    assert "The inference service does not answer" in shown(page)
    assert inference.url in shown(page)
    inference.start()
    page.button(key="retry-inference").click().run()
    assert "looks more like cancerous tissue" in shown(page)


def test_the_page_names_the_chat_service_when_it_is_down_and_recovers(page, inference, chat):
    chat.stop()
    page = drop(page)
    assert "The chat service does not answer" in shown(page)
    assert "looks more like cancerous tissue" in shown(page)
    chat.start()
    page.button(key="retry-chat").click().run()
    assert "What to do" in shown(page)
    assert len(inference.requests("/predict")) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param((200, b"<html>some other program</html>"), id="not JSON"),
        pytest.param((200, b'{"decision": "malignant"}'), id="not a prediction"),
        pytest.param((302, b""), id="a redirect"),
        pytest.param((500, b"Internal Server Error"), id="no problem+json"),
        pytest.param((200, b" " * 4_000_001), id="endless"),
    ],
)
def test_an_answer_outside_the_contract_is_a_message_and_no_traceback(page, inference, chat, answer):
    inference.answers["/predict"] = answer
    page = drop(page)
    assert "an answer that this page cannot read" in shown(page)
    assert not page.exception


def test_a_service_that_takes_too_long_is_named_and_not_waited_for_without_end(
    page, inference, chat, monkeypatch
):
    monkeypatch.setenv("UI_TIMEOUT_S", "0.3")
    inference.delay_s = 1.0
    assert "The inference service takes too long" in shown(drop(page))


def test_a_service_that_is_not_ready_yet_is_reported_with_its_reason(page, inference, chat):
    inference.lay_down("/predict", problem(503, "The service is not ready", "It is still loading."), 503)
    assert "It is still loading." in shown(drop(page))


def test_the_rendered_sample_is_read_when_asked_for(page, inference, chat, root):
    page.run()
    button(page, "Try the rendered sample").click().run()
    assert (root / "models" / "sample.png").read_bytes() in inference.requests("/predict")[0]
    assert "of no patient" in page.caption[0].value


def test_a_dropped_picture_takes_the_place_of_the_sample(page, inference, chat):
    page.run()
    button(page, "Try the rendered sample").click().run()
    page.file_uploader[0].set_value(PICTURE).run()
    assert PICTURE[1] in inference.requests("/predict")[-1]


def test_without_a_sample_there_is_no_button_for_it(page, root, tmp_path):
    shutil.copytree(root / "ui", tmp_path / "ui")
    page = AppTest.from_file(tmp_path / "ui" / "app.py", default_timeout=20).run()
    assert not page.exception
    assert not page.button


def test_markup_in_an_answer_is_shown_as_text(page, inference, chat):
    hostile = "<img src=x onerror=alert(1)> [link](javascript:alert(1)) $x$"
    chat.lay_down("/explain", explanation(summary=hostile))
    page = drop(page)
    assert "<img src=x" not in markup(page)
    assert "&lt;img src=x onerror=alert(1)&gt; [link](javascript:alert(1)) $x$" in markup(page)


def test_only_web_addresses_become_links(page, inference, chat):
    chat.lay_down("/explain", explanation(sources=[{**SOURCE, "url": "javascript:alert(1)"}]))
    assert "A Paper, 1999" in markup(drop(page))
    assert "<a " not in markup(page)


def markup(page: AppTest) -> str:
    """Everything that the page shows, in order, as markup."""
    assert not page.exception
    return "\n".join(element.value for element in page.get("html") if "<style>" not in element.value)


def shown(page: AppTest) -> str:
    """Everything that the page shows, in order, as the reader sees it."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup(page))).replace("\u00a0", " ")


def drop(page: AppTest) -> AppTest:
    """Open the page and drop a picture on it."""
    page.run()
    return page.file_uploader[0].set_value(PICTURE).run()


def button(page: AppTest, label: str) -> Any:
    """The one button with this label."""
    (found,) = [button for button in page.button if button.label == label]
    return found


def requests(chat: FakeService) -> list[ExplanationRequest]:
    return [ExplanationRequest.model_validate_json(body) for body in chat.requests("/explain")]


def prediction(**changes: Any) -> Prediction:
    """A malignant reading, changed as the test needs it."""
    payload: dict[str, Any] = {
        "label": "malignant",
        "decision": "malignant",
        "malignant_probability": 0.83,
        "threshold": 0.5,
        "band": {"low": 0.4, "high": 0.6},
        "probabilities": {"benign": 0.17, "malignant": 0.83},
        "quality": {"usable": True, "issues": []},
        "model": {
            "name": "m",
            "version": "1",
            "architecture": "PlantNetV2",
            "modality": "histopathology",
            "sha256": "a" * 64,
        },
        "image": {"sha256": "b" * 64, "format": "PNG", "width": 700, "height": 460},
    }
    return Prediction.model_validate(payload | changes)


def explanation(*, survival: bool = False, **changes: Any) -> Explanation:
    """A whole explanation, changed as the test needs it."""
    payload: dict[str, Any] = {
        "prediction_id": uuid4(),
        "language": "en",
        "audience": "patient",
        "summary": "What the picture shows, in short.",
        "explanation": "What the picture shows, at length.",
        "actions": [
            {"title": "See a doctor", "detail": "Ask for a biopsy.", "urgency": "soon", "sources": ["s1"]}
        ],
        "specialists": [{"name": "Pathologist", "role": "Looks at the sample.", "sources": ["s1"]}],
        "stage": {
            "determinable": False,
            "estimate": None,
            "reason": "A picture has no stage.",
            "needed": ["Lymph nodes"],
            "distribution": [{"stage": "localized", "percent": 64, "source": "s1"}],
        },
        "untreated_survival": SURVIVAL if survival else None,
        "sources": [SOURCE],
        "engine": {"name": "knowledge-base", "model": None, "prompt_version": None, "fallback_reason": None},
        "disclaimer": DISCLAIMER,
    }
    return Explanation.model_validate(payload | changes)


def problem(status: int, title: str, detail: str) -> Problem:
    return Problem(type="/problems/x", title=title, status=status, detail=detail, request_id=str(uuid4()))


@pytest.fixture
def inference() -> Iterator[FakeService]:
    service = FakeService()
    service.lay_down("/predict", prediction())
    service.start()
    yield service
    service.stop()


@pytest.fixture
def chat() -> Iterator[FakeService]:
    service = FakeService()
    service.lay_down("/explain", explanation())
    service.start()
    yield service
    service.stop()


@pytest.fixture
def page(root: Path, inference: FakeService, chat: FakeService, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("UI_INFERENCE_URL", inference.url)
    monkeypatch.setenv("UI_CHAT_URL", chat.url)
    return AppTest.from_file(root / "ui" / "app.py", default_timeout=20)
