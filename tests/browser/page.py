"""What tests do on the page, and the checker of accessibility."""

import json
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

DESK = {"width": 1100, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 40_000
GRAVE = {"serious", "critical"}


def open_page(browser: Browser, url: str, **context: Any) -> Page:
    """Open the page as a new visitor; `context` says how they see it."""
    page = browser.new_page(**{"viewport": DESK, "locale": "en-US", **context})
    page.goto(url)
    page.wait_for_selector("input[type=file]", state="attached", timeout=PATIENCE_MS)
    expect(page.locator(".bt-footer")).to_be_visible(timeout=PATIENCE_MS)
    return page


def drop(page: Page, *paths: Path) -> None:
    """Drop pictures and wait until one is explained and what follows stands there."""
    page.set_input_files("input[type=file]", list(paths))
    await_explanation(page)


def await_explanation(page: Page) -> None:
    """Wait until the page has done everything."""
    expect(page.locator(".st-key-breast-tissue-reading-json")).to_be_visible(timeout=PATIENCE_MS)
    settle(page)


def settle(page: Page) -> None:
    """Wait until nothing runs and fades are over."""
    expect(page.locator("[data-testid=stApp]")).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=PATIENCE_MS
    )
    page.wait_for_timeout(300)


def press(page: Page, key: str) -> None:
    """Press the button with this key."""
    page.locator(f".st-key-{key} button").click()


def ask(page: Page, question: str) -> Locator:
    """Ask a question; return where its answer stands."""
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(question)
    box.press("Enter")
    answer = page.locator(".bt-answer").last
    expect(answer.locator(".bt-engine")).to_be_visible(timeout=PATIENCE_MS)
    return answer


def choose(page: Page, label: str, option: str) -> None:
    """Choose from a list, as one does with the keyboard."""
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


def check(page: Page, where: str, *, is_page: bool = True) -> None:
    """Have axe find nothing serious or critical in what is shown now; a file needs no waiting for."""
    if is_page:
        settle(page)
    found = Axe().run(page).response["violations"]
    grave = [
        (each["id"], [node["html"][:200] for node in each["nodes"]])
        for each in found
        if each["impact"] in GRAVE
    ]
    assert not grave, f"{where}: {json.dumps(grave, indent=1)}"


def save(page: Page, path: Path) -> None:
    """Take a picture of what is in sight."""
    settle(page)
    page.screenshot(path=path)
