"""The page without a browser, between two made-up services."""

import html
import io
import re
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from pydantic import BaseModel
from streamlit.testing.v1 import AppTest

from contract import DISCLAIMER, ChatReply, Explanation, ExplanationRequest, Prediction, Problem

PICTURE = ("Mrs Example 1950.png", b"bytes that only the inference service understands", "image/png")
SOURCE = {"id": "s1", "citation": "A Paper, 1999", "url": "https://doi.org/10.1/x", "statement": "A fact."}
ENGINE = {"name": "knowledge-base", "model": None, "prompt_version": None, "fallback_reason": None}
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
        self.once: dict[str, list[tuple[int, bytes]]] = {}
        self.kinds: dict[str, str] = {}
        self.received: list[tuple[str, bytes]] = []
        self.queries: list[str] = []
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
                path, _, query = self.path.partition("?")
                fake.received.append((path, body))
                fake.queries.append(query)
                fake.ids[path] = self.headers.get("X-Request-ID")
                time.sleep(fake.delay_s)
                if (
                    "text/event-stream" not in self.headers.get("Accept", "")
                    and f"{path} as JSON" in fake.answers
                ):
                    path = f"{path} as JSON"
                status, reply = fake.answers.get(path, (404, b"not laid down"))
                if fake.once.get(path):
                    status, reply = fake.once[path].pop(0)
                self.send_response(status)
                self.send_header("Content-Type", fake.kinds.get(path, "application/json"))
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

    def lay_down(self, path: str, payload: BaseModel, status: int = 200) -> None:
        self.answers[path] = (status, payload.model_dump_json().encode())

    def requests(self, path: str) -> list[bytes]:
        return [body for asked, body in self.received if asked == path]


def markup(page: AppTest) -> str:
    """Everything that the page shows, in order, as markup."""
    assert not page.exception
    return "\n".join(
        element.value for element in page.get("html") if not element.value.endswith(("</style>", "</script>"))
    )


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
    """What was asked to be explained."""
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


def reply(text: str = "What is known about that.") -> ChatReply:
    """An answer to a question."""
    return ChatReply.model_validate(
        {
            "reply": text,
            "sources": [SOURCE],
            "engine": {
                "name": "knowledge-base",
                "model": None,
                "prompt_version": None,
                "fallback_reason": None,
            },
            "disclaimer": DISCLAIMER,
        }
    )


def png(size: tuple[int, int] = (64, 48)) -> bytes:
    """A picture as the service draws it."""
    stream = io.BytesIO()
    Image.new("RGBA", size, (255, 176, 0, 90)).save(stream, "PNG")
    return stream.getvalue()


def problem(status: int, title: str, detail: str) -> Problem:
    return Problem(type="/problems/x", title=title, status=status, detail=detail, request_id=str(uuid4()))


@pytest.fixture
def inference() -> Iterator[FakeService]:
    service = FakeService()
    service.lay_down("/predict", prediction())
    service.answers["/heatmap"] = (200, png())
    service.answers["/health/ready"] = (200, b"{}")
    service.start()
    yield service
    service.stop()


@pytest.fixture
def chat() -> Iterator[FakeService]:
    service = FakeService()
    service.lay_down("/explain", explanation())
    service.answers["/health/ready"] = (200, b"{}")
    service.start()
    yield service
    service.stop()


@pytest.fixture
def page(root: Path, inference: FakeService, chat: FakeService, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("UI_INFERENCE_URL", inference.url)
    monkeypatch.setenv("UI_CHAT_URL", chat.url)
    return AppTest.from_file(root / "ui" / "app.py", default_timeout=20)
