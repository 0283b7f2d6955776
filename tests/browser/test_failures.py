"""The page in a real browser while services fail, are killed, and come back."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import System
from tests.browser.page import PATIENCE_MS, ask, check, drop, open_page


def test_what_is_no_picture_is_refused_with_advice(page, tmp_path):
    path = tmp_path / "letter.png"
    path.write_bytes(b"Dear doctor, this is a letter.")
    page.set_input_files("input[type=file]", path)
    expect(page.get_by_role("alert").filter(has_text="inference service says")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).not_to_be_visible()
    check(page, "refused")


@pytest.mark.parametrize(
    ("name", "sign"), [("inference", ".bt-decision"), ("chat", ".bt-summary")], ids=["inference", "chat"]
)
def test_the_page_says_which_service_was_killed_and_goes_on_by_itself(page, system, sample, name, sign):
    part = getattr(system, name)
    part.kill()
    try:
        page.set_input_files("input[type=file]", sample)
        alert = page.get_by_role("alert").filter(has_text=f"The {name} service does not answer")
        expect(alert).to_be_visible(timeout=PATIENCE_MS)
        check(page, f"{name} down")
    finally:
        part.start()
    expect(page.locator(sign)).to_be_visible(timeout=PATIENCE_MS)
    expect(alert).not_to_be_visible()


def test_a_question_waits_for_the_service_that_was_killed(page, system, sample):
    drop(page, sample)
    system.chat.kill()
    try:
        box = page.get_by_test_id("stChatInputTextArea")
        box.fill("What is a biopsy?")
        box.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("chat service", timeout=PATIENCE_MS)
    finally:
        system.chat.start()
    expect(page.locator(".bt-answer .bt-engine")).to_be_visible(timeout=PATIENCE_MS)
    assert "biopsy" in ask(page, "And what happens then?").page.locator(".bt-question").first.inner_text()


def test_whoever_opens_the_page_learns_that_a_service_is_down(browser, system):
    system.chat.kill()
    try:
        page = open_page(browser, system.url)
        alert = page.get_by_role("alert").filter(has_text="chat service")
        expect(alert).to_be_visible(timeout=PATIENCE_MS)
    finally:
        system.chat.start()
    expect(alert).not_to_be_visible(timeout=PATIENCE_MS)
    page.close()


@pytest.fixture
def page(browser: Browser, system: System) -> Iterator[Page]:
    """The page as it opens on a desk."""
    page = open_page(browser, system.url)
    yield page
    page.close()
