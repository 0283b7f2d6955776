"""The page in a real browser, with both services behind it as processes."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import System

DESK = {"width": 1100, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 40_000


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
