"""Pages of other origins in a real browser: those that are named may use the services, others see nothing."""

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import System

READ = """async ([inference, chat]) => {
  const file = new File([await (await fetch("/sample.png")).blob()], "sample.png");
  try {
    const { prediction, explanation, heatmap } = await read(file, inference, chat);
    return { decision: prediction.decision, summary: explanation.summary, bytes: heatmap.size };
  } catch (error) {
    return { error: error.message };
  }
}"""
"""Runs the program of the documentation on the sample."""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def pages(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Two origins that serve a page with the JavaScript of docs/integrate.md."""
    folder = tmp_path_factory.mktemp("pages")
    (script,) = re.findall(
        r"```js\n(async function ask.*?)```", (root / "docs/integrate.md").read_text(), re.S
    )
    (folder / "index.html").write_text(f"<!doctype html><title>A viewer</title><script>{script}</script>")
    (folder / "sample.png").write_bytes((root / "models" / "sample.png").read_bytes())
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield [f"http://127.0.0.1:{server.server_port}" for server in servers]
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def services(root: Path, pages: list[str]) -> Iterator[System]:
    """Both services, which allow the first of the origins."""
    system = System(root, INFERENCE_CORS_ORIGINS=pages[0], CHAT_CORS_ORIGINS=pages[0])
    try:
        system.inference.start()
        system.chat.start()
        yield system
    finally:
        system.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def test_a_page_of_an_allowed_origin_reads_explains_and_shows(page, pages, services):
    page.goto(pages[0])
    found = page.evaluate(READ, [services.inference_url, services.chat_url])
    assert found["decision"] in {"benign", "malignant", "indeterminate"}
    assert "computer" in found["summary"]
    assert found["bytes"] > 1000


def test_a_page_of_an_allowed_origin_can_read_why_it_was_refused(page, pages, services):
    page.goto(pages[0])
    told = page.evaluate(
        """async (url) => {
          const body = new FormData();
          body.append("file", new File(["a letter"], "letter.png"));
          return await ask(url, { body }).catch((error) => error.message);
        }""",
        f"{services.inference_url}/predict",
    )
    assert "not a readable image" in told
    assert "request" in told


def test_a_page_of_another_origin_learns_nothing(page, pages, services):
    page.goto(pages[1])
    found = page.evaluate(READ, [services.inference_url, services.chat_url])
    assert found == {"error": "Failed to fetch"}
