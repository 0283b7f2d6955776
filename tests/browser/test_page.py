"""The page in a real browser, with both services behind it as processes: what a person does with it."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import System
from tests.browser.page import PHONE, ask, await_explanation, check, choose, drop, open_page, press, save
from ui.catalogue import words_of


def test_from_a_picture_to_its_explanation_a_question_and_what_is_taken_along(
    page, sample, pictures, tmp_path
):
    check(page, "start")
    drop(page, sample)
    expect(page.locator(".bt-decision")).to_contain_text("pathologist must decide")
    expect(page.locator(".bt-marker")).to_be_visible()
    for title in ("What to do", "Explanation", "Whom to see", "Stage"):
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    check(page, "explained")
    page.locator(".bt-decision").evaluate("element => element.scrollIntoView()")
    save(page, pictures / "page-reading.png")
    answer = ask(page, "Whom should I see?")
    expect(answer).to_contain_text("Pathologist")
    answer.get_by_text("Sources (").click()
    expect(answer.get_by_role("link", name="Open the source").first).to_be_visible()
    check(page, "answered")
    page.locator(".bt-question").scroll_into_view_if_needed()
    save(page, pictures / "page-question.png")
    kept = json.loads(download(page, "json", tmp_path).read_text(encoding="utf-8"))
    assert kept["prediction"]["image"]["format"] == "PNG"
    assert kept["explanation"]["summary"]
    assert [each["question"] for each in kept["questions"]] == ["Whom should I see?"]
    assert "sample.png" not in json.dumps(kept)


def test_the_page_to_print_stands_alone(page, browser, sample, pictures, tmp_path):
    drop(page, sample)
    page.get_by_text("Put the picture and the heat map").click()
    await_explanation(page)
    path = download(page, "html", tmp_path)
    assert "sample.png" not in path.read_text(encoding="utf-8")
    context = browser.new_context(viewport={"width": 800, "height": 1100}, offline=True)
    printed = context.new_page()
    asked: list[str] = []
    printed.on("request", lambda request: asked.append(request.url))
    printed.goto(path.as_uri())
    expect(printed.get_by_text("It is not a diagnosis").first).to_be_visible()
    assert printed.locator("img").evaluate_all("all => all.every((each) => each.naturalWidth > 0)")
    assert {urlsplit(url).scheme for url in asked} <= {"file", "data"}
    check(printed, "printed", is_page=False)
    printed.emulate_media(media="print")
    printed.screenshot(path=pictures / "page-print.png")
    context.close()


def test_sources_open_on_demand_and_lead_to_web_addresses(page, sample):
    drop(page, sample)
    sources = page.locator("details.bt-more").filter(has_text="Sources (").first
    sources.locator("summary").click()
    link = sources.get_by_role("link", name="Open the source").first
    expect(link).to_be_visible()
    assert link.get_attribute("href").startswith("https://")
    assert link.get_attribute("target") == "_blank"
    check(page, "sources")
    expect(page.get_by_text("Not a diagnosis:")).to_be_in_viewport()


def test_the_heat_map_is_as_strong_as_the_reader_wants(page, sample):
    drop(page, sample)
    expect(page.locator(".bt-heat")).to_be_visible()
    strength = "element => getComputedStyle(element).opacity"
    assert page.locator(".bt-heat").evaluate(strength) == "0.6"
    slider = page.get_by_role("slider", name="Strength of the colours")
    slider.focus()
    slider.press("Home")
    expect(page.locator(".bt-heat")).to_have_css("opacity", "0")
    slider.press("ArrowRight")
    expect(page.locator(".bt-heat")).to_have_css("opacity", "0.05")


def test_figures_of_survival_come_only_when_asked_for_and_go_again(page, sample):
    drop(page, sample)
    expect(page.locator(".bt-survival")).to_have_count(0)
    press(page, "survival")
    expect(page.locator(".bt-survival")).to_contain_text("% alive")
    check(page, "survival")
    press(page, "survival")
    expect(page.locator(".bt-survival")).to_have_count(0)


def test_findings_give_the_stage_by_rule(page, sample, pictures):
    drop(page, sample)
    page.get_by_text("Results from other tests").click()
    check(page, "findings")
    page.get_by_label("Size of the tumour in mm").fill("18")
    page.get_by_label("Lymph nodes with cancer cells").fill("2")
    choose(page, "Spread to other parts", "ruled out")
    page.get_by_role("button", name="Use these results").click()
    stage = page.locator(".bt-section").filter(has=page.get_by_role("heading", name="Stage", exact=True))
    expect(stage).to_contain_text("regional (in the breast and nearby lymph nodes or tissue)")
    await_explanation(page)
    stage.evaluate("element => element.scrollIntoView()")
    save(page, pictures / "page-findings.png")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("regional (in the breast and")).to_have_count(0)
    expect(page.get_by_label("Lymph nodes with cancer cells")).to_have_count(1)
    expect(page.get_by_label("Lymph nodes with cancer cells")).to_have_value("")


def test_several_pictures_are_read_and_one_that_fails_does_not_stop_the_rest(page, sample, letter, pictures):
    drop(page, letter, sample)
    rows = page.locator(".bt-table tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("not a readable image")
    expect(rows.nth(1)).to_contain_text("more like")
    expect(page.locator(".bt-decision")).to_be_visible()
    check(page, "several")
    page.get_by_role("heading", name="Pictures of this visit").evaluate("element => element.scrollIntoView()")
    save(page, pictures / "page-several.png")
    choose(page, "Picture shown below", "1. letter.png")
    expect(page.get_by_role("alert").filter(has_text="inference service says")).to_be_visible()
    press(page, "forget")
    expect(page.locator(".bt-table")).to_have_count(0)
    expect(page.locator(".bt-decision")).to_have_count(0)


def test_a_dicom_file_is_read_and_shown(page, dicom):
    drop(page, dicom)
    shown = page.locator(".bt-pictures img").first
    expect(shown).to_be_visible()
    assert shown.evaluate("element => element.naturalWidth") > 0


@pytest.mark.parametrize(
    ("language", "name", "title"),
    [
        ("de", "Deutsch", "Was zu tun ist"),
        ("fr", "Français", "Que faire"),
        ("es", "Español", "Qué hacer"),
        ("hi", "हिन्दी", "क्या करें"),
    ],
)
def test_the_page_speaks_another_language(page, sample, language, name, title):
    choose(page, "Language", name)
    expect(page.locator(".bt-footer")).to_contain_text(words_of(language)("footer.strong"))
    expect(page.locator("html")).to_have_attribute("lang", language)
    drop(page, sample)
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    check(page, language)


def test_the_page_opens_in_the_language_of_the_browser(browser, system):
    page = open_page(browser, system.url, locale="fr-CA")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.close()


def test_the_model_shows_its_card_with_figures_and_curves(page):
    press(page, "model")
    expect(page.get_by_role("heading", name="Its limits")).to_be_visible()
    curve = page.locator(".bt-curve").first
    expect(curve).to_be_visible()
    assert curve.evaluate("element => element.naturalWidth") > 0
    check(page, "model")


def test_the_page_is_dark_where_the_reader_wants_it(browser, system, sample, letter, pictures):
    page = open_page(browser, system.url, color_scheme="dark")
    check(page, "dark start")
    drop(page, letter, sample)
    assert page.locator(".stApp").evaluate("element => getComputedStyle(element).backgroundColor") == (
        "rgb(22, 27, 28)"
    )
    press(page, "survival")
    expect(page.locator(".bt-survival")).to_be_visible()
    page.get_by_text("Results from other tests").click()
    ask(page, "What is a biopsy?")
    press(page, "model")
    expect(page.locator(".bt-curve").first).to_be_visible()
    check(page, "dark")
    page.locator(".bt-decision").evaluate("element => element.scrollIntoView()")
    save(page, pictures / "page-dark.png")
    page.close()


def test_the_page_fits_a_phone(browser, system, sample, letter, pictures):
    page = open_page(browser, system.url, viewport=PHONE, has_touch=True, is_mobile=True)
    drop(page, letter, sample)
    press(page, "model")
    expect(page.locator(".bt-curve").first).to_be_visible()
    check(page, "phone")
    page.locator(".bt-decision").evaluate("element => element.scrollIntoView()")
    save(page, pictures / "page-phone.png")
    widths = page.evaluate(
        "[document.documentElement.scrollWidth, document.querySelector('.stMain').scrollWidth]"
    )
    assert max(widths) <= PHONE["width"]
    page.close()


def test_everything_can_be_reached_by_keyboard(page, sample):
    drop(page, sample)
    reached = set()
    page.locator("body").press("Tab")
    for _ in range(60):
        reached.add(
            page.evaluate(
                "(document.activeElement.getAttribute('aria-label') || "
                "document.activeElement.innerText || '').trim()"
            )
        )
        page.keyboard.press("Tab")
    for name in (
        "Language",
        "Try the rendered sample",
        "About this reading",
        "Show the figures",
        "Your question",
        "Download as JSON",
        "Show the model's card",
        "Forget everything",
    ):
        assert any(name in each for each in reached), f"{name}: {sorted(reached)}"


def test_the_page_speaks_to_no_other_host_and_keeps_nothing(browser, system, sample):
    page = browser.new_page(locale="en-US")
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    page.goto(system.url)
    drop(page, sample)
    assert {urlsplit(url).hostname for url in urls if not url.startswith("data:")} == {"127.0.0.1"}
    assert not [url for url in urls if "sample" in url]
    assert page.url.rstrip("/") == system.url
    stored = page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert "sample" not in stored
    assert "malignant" not in stored
    page.reload()
    expect(page.locator(".bt-header")).to_be_visible()
    expect(page.locator(".bt-decision")).to_have_count(0)
    page.close()


def download(page: Page, kind: str, folder: Path) -> Path:
    """Download what is offered in this kind."""
    with page.expect_download() as started:
        press(page, f"breast-tissue-reading-{kind}")
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path


@pytest.fixture
def page(browser: Browser, system: System) -> Iterator[Page]:
    """The page as it opens on a desk."""
    page = open_page(browser, system.url)
    yield page
    page.close()


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    """A file that is no picture."""
    path = tmp_path / "letter.png"
    path.write_bytes(b"Dear doctor, this is a letter.")
    return path
