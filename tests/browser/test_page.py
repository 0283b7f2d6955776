"""The page in a real browser, with both services behind it as processes.

UPDATE_SCREENSHOTS=1 renews the pictures in docs/images. BROWSER names another Chromium than Debian's.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = Path(os.environ.get("BROWSER") or "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK = {"width": 1100, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 40_000


class Part:
    """One process of the system, which can be stopped and started again on the same port."""

    def __init__(self, root: Path, arguments: list[str], environment: dict[str, str], ready: str) -> None:
        self._root, self._arguments, self._ready = root, arguments, ready
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        line = [sys.executable, "-m", *self._arguments]
        self._process = subprocess.Popen(line, cwd=self._root, env=self._environment)
        for _ in range(240):
            assert self._process.poll() is None, f"{self._arguments} ended with {self._process.returncode}"
            try:
                httpx.get(self._ready, trust_env=False).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.25)
            else:
                return
        raise AssertionError(f"{self._arguments} is not ready")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None


class System:
    """Both services and the page, on ports of their own."""

    def __init__(self, root: Path) -> None:
        inference, chat, page = free_ports(3)
        self.url = f"http://127.0.0.1:{page}"
        urls = {
            "UI_INFERENCE_URL": f"http://127.0.0.1:{inference}",
            "UI_CHAT_URL": f"http://127.0.0.1:{chat}",
        }
        self.inference = Part(
            root,
            ["inference_service"],
            {"INFERENCE_PORT": str(inference)},
            f"{urls['UI_INFERENCE_URL']}/health/ready",
        )
        # An empty key: a test must not ask a language model.
        self.chat = Part(
            root,
            ["chat_service"],
            {"CHAT_PORT": str(chat), "MISTRAL_API_KEY": ""},
            f"{urls['UI_CHAT_URL']}/health/ready",
        )
        streamlit = ["streamlit", "run", "ui/app.py", "--server.port", str(page)]
        self.page = Part(root, streamlit, urls, f"{self.url}/_stcore/health")

    def stop(self) -> None:
        for part in (self.page, self.chat, self.inference):
            part.stop()


def test_a_picture_becomes_a_decision_and_an_explanation(page, sample, pictures, tmp_path):
    save(page, pictures / "page-start.png")
    drop(page, sample)
    expect(page.locator(".bt-decision")).to_contain_text("pathologist must decide")
    expect(page.locator(".bt-marker")).to_be_visible()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    for title in ("Explanation", "Whom to see", "Stage"):
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    save(page, pictures / "page-reading.png")
    save(page, tmp_path / "whole.png", whole=True)


def test_sources_open_on_demand_and_lead_to_web_addresses(page, sample):
    drop(page, sample)
    page.get_by_text("Sources (").click()
    link = page.get_by_role("link", name="Open the source").first
    expect(link).to_be_visible()
    assert link.get_attribute("href").startswith("https://")
    assert link.get_attribute("target") == "_blank"


def test_the_disclaimer_stays_in_sight_while_scrolling(page, sample):
    drop(page, sample)
    page.get_by_text("Sources (").scroll_into_view_if_needed()
    expect(page.get_by_text("Not a diagnosis:")).to_be_in_viewport()


def test_the_page_fits_a_phone(browser, system, sample, pictures):
    page = browser.new_page(viewport=PHONE)
    page.goto(system.url)
    drop(page, sample)
    save(page, pictures / "page-phone.png")
    widths = page.evaluate(
        "[document.documentElement.scrollWidth, document.querySelector('.stMain').scrollWidth]"
    )
    assert max(widths) <= PHONE["width"]
    page.close()


def test_the_page_speaks_to_no_other_host(browser, system, sample):
    page = browser.new_page()
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    page.goto(system.url)
    drop(page, sample)
    assert {urlsplit(url).hostname for url in urls if not url.startswith("data:")} == {"127.0.0.1"}
    page.close()


def test_what_is_no_picture_is_refused_with_advice(page, tmp_path):
    path = tmp_path / "letter.png"
    path.write_bytes(b"Dear doctor, this is a letter.")
    page.set_input_files("input[type=file]", path)
    expect(page.get_by_role("alert").filter(has_text="inference service says")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).not_to_be_visible()


@pytest.mark.parametrize(
    ("name", "sign"), [("inference", ".bt-decision"), ("chat", ".bt-summary")], ids=["inference", "chat"]
)
def test_the_page_says_which_service_is_down_and_goes_on_by_itself(page, system, sample, name, sign):
    part = getattr(system, name)
    part.stop()
    try:
        page.set_input_files("input[type=file]", sample)
        alert = page.get_by_role("alert").filter(has_text=f"The {name} service does not answer")
        expect(alert).to_be_visible(timeout=PATIENCE_MS)
    finally:
        part.start()
    expect(page.locator(sign)).to_be_visible(timeout=PATIENCE_MS)
    expect(alert).not_to_be_visible()


def drop(page: Page, sample: Path) -> None:
    """Drop a picture and wait until it is explained."""
    page.set_input_files("input[type=file]", sample)
    expect(page.locator(".bt-engine")).to_be_visible(timeout=PATIENCE_MS)


def save(page: Page, path: Path, *, whole: bool = False) -> None:
    """Take a picture of what is in sight, or of the whole page."""
    page.wait_for_timeout(600)  # until fades are over
    if whole:
        height = page.evaluate("document.querySelector('.stMain').scrollHeight")
        page.set_viewport_size({"width": DESK["width"], "height": min(height + 80, 6000)})
        page.wait_for_timeout(600)
    page.screenshot(path=path)


@pytest.fixture
def page(browser: Browser, system: System) -> Iterator[Page]:
    """The page as it opens on a desk."""
    page = browser.new_page(viewport=DESK)
    page.goto(system.url)
    page.wait_for_selector("input[type=file]", state="attached", timeout=PATIENCE_MS)
    yield page
    page.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.is_file():
        pytest.skip(f"there is no browser at {CHROMIUM}; apt-get install chromium, or name one in BROWSER")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def system(root: Path, browser: Browser) -> Iterator[System]:
    if not (root / "models" / "starter.pt").is_file():
        pytest.skip("models/starter.pt is not here")
    system = System(root)
    try:
        for part in (system.inference, system.chat, system.page):
            part.start()
        yield system
    finally:
        system.stop()


@pytest.fixture(scope="module")
def sample(root: Path) -> Path:
    """The rendered picture that ships with the project."""
    return root / "models" / "sample.png"


@pytest.fixture(scope="module")
def pictures(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go."""
    if os.environ.get("UPDATE_SCREENSHOTS") != "1":
        return tmp_path_factory.mktemp("screenshots")
    folder = root / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports
