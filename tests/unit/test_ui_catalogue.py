"""The page's words: every language has them all, and the page uses them all."""

import re
from string import Formatter

import pytest
import yaml

from contract import DISCLAIMER
from inference_service.quality import MESSAGES
from ui.catalogue import FOLDER, Words, list_languages, read_texts, suit_locale, words_of
from ui.frame import LABELS, TEXTS

OTHERS = ["fr", "de", "es", "hi"]
OF_CODES = (
    "remark.",
    "reason.",
    "figure.",
    "class.",
    "problem.",
    "urgency.",
    "stage.",
    "share.",
    "decision.",
    "service.",
    "task.",
    "failure.",
    "audience.",
    "findings.",
    "visit.",
)
"""Keys that the page puts together from a code."""


def test_the_page_speaks_five_languages_english_first():
    assert list(list_languages()) == ["en", "de", "es", "fr", "hi"]


@pytest.mark.parametrize("language", OTHERS)
def test_no_language_lacks_a_word_or_has_one_too_many(language):
    assert set(read_texts(language)) == set(read_texts("en"))


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_has_the_same_places_to_be_filled_in(language):
    for key, text in read_texts("en").items():
        assert places(read_texts(language)[key]) == places(text), key


@pytest.mark.parametrize("language", ["en", *OTHERS])
def test_no_text_is_empty_or_stands_twice(language):
    lines = (FOLDER / f"{language}.yaml").read_text(encoding="utf-8").splitlines()
    keys = [line.split(":")[0] for line in lines if line and not line.startswith("#")]
    assert len(keys) == len(set(keys))
    assert all(text.strip() for text in read_texts(language).values())


@pytest.mark.parametrize("language", OTHERS)
def test_sentences_are_translated(language):
    same = {key for key, text in read_texts("en").items() if text == read_texts(language)[key]}
    assert all(len(read_texts("en")[key].split()) <= 6 for key in same)


def test_every_word_that_the_page_asks_for_is_there_and_none_is_left_over(root):
    source = "".join(path.read_text(encoding="utf-8") for path in (root / "ui").glob("*.py"))
    used = set(re.findall(r'(?:words|self)\(\s*["\']([a-z0-9._-]+)["\']', source))
    used |= set(re.findall(r'"([a-z]+[.][a-z0-9._-]+)" if ', source))
    used |= set(re.findall(r' else "([a-z]+[.][a-z0-9._-]+)"', source))
    used |= {*LABELS.values(), *TEXTS.values()}
    texts = set(read_texts("en"))
    assert used <= texts
    unused = {key for key in texts - used if not key.startswith(OF_CODES)}
    assert unused == {"name"}


@pytest.mark.parametrize("language", ["en", *OTHERS])
def test_the_disclaimer_is_that_of_the_answers(language, root):
    path = root / "chat_service" / "knowledge" / language / "notices.yaml"
    if not path.is_file():
        pytest.skip("the chat service does not speak this language yet")
    assert words_of(language)("disclaimer") == yaml.safe_load(path.read_text(encoding="utf-8"))["disclaimer"]


def test_the_english_disclaimer_is_that_of_the_contract():
    assert words_of("en")("disclaimer") == DISCLAIMER


def test_every_remark_of_the_inference_service_has_words():
    codes = {key.removeprefix("remark.") for key in read_texts("en") if key.startswith("remark.")}
    assert codes == {*MESSAGES, "other"}


def test_a_word_that_lacks_is_english():
    lacking = Words("fr", read_texts("en") | {"language": "Langue"})
    assert lacking("language") == "Langue"
    assert lacking("stage") == "Stage"


@pytest.mark.parametrize(
    ("locale", "language"),
    [("de-AT", "de"), ("hi", "hi"), ("FR-fr", "fr"), ("it-IT", "en"), ("", "en"), (None, "en")],
)
def test_the_page_opens_in_the_language_of_the_browser(locale, language):
    assert suit_locale(locale) == language


def test_an_unknown_language_is_english():
    assert words_of("tlh").language == "en"
    assert words_of("../../etc/passwd").language == "en"


def test_numbers_are_written_as_in_the_language():
    assert words_of("de").number(2.5) == "2,5"
    assert words_of("en").number(2.5) == "2.5"
    assert words_of("fr").percent(0.543, 1) == "54,3\u00a0%"


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
