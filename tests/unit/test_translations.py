"""Every language says what English says: same ids, same figures, same places, and no word too many.

The texts are read from the files, so that a text that no case leads to is checked as well.
"""

import re
from pathlib import Path

import pytest
import yaml

import chat_service.knowledge
from chat_service.numbers import numbers_in

FOLDER = Path(chat_service.knowledge.__file__).parent
LANGUAGES = sorted(path.parent.name for path in FOLDER.glob("*/statements.yaml") if path.parent.name != "en")
UNCOMPARED = {"words.yaml"}
"""What a language forbids differs by nature; so do the cues of `chat.yaml` and the words under its `talk`."""
PLACE = re.compile(r"\{(\w+)\}")
SENTENCE_END = re.compile(r"(?<=[.!?\u0964])[\s\u00a0]+|\n+")
WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0900-\u0963])*")
MOST_WORDS, USUAL_WORDS = 32, 16
"""In one sentence for patients, and in the average one."""

UNWANTED = yaml.safe_load((Path(__file__).parent / "unwanted_words.yaml").read_text("utf-8"))
ENGLISH = frozenset(UNWANTED["english"])


def unwanted(subject: str, language: str) -> re.Pattern[str]:
    return re.compile("|".join(UNWANTED[subject][language]), re.IGNORECASE)


def texts_of(language: str) -> dict[str, str]:
    """Return every text of a language by its place, such as `actions.new-picture.title.patient`."""
    found: dict[str, str] = {}

    def walk(place: str, value: object) -> None:
        if isinstance(value, str):
            found[place] = value
        for key, item in value.items() if isinstance(value, dict) and place != "chat.talk" else ():
            walk(f"{place}.{key}", item)

    for path in sorted((FOLDER / language).glob("*.yaml")):
        if path.name not in UNCOMPARED:
            walk(path.stem, yaml.safe_load(path.read_text("utf-8")))
    return found


ENGLISH_TEXTS = texts_of("en")
TEXTS = {language: texts_of(language) for language in LANGUAGES}


def sentences(text: str) -> list[list[str]]:
    return [words for sentence in SENTENCE_END.split(text) if (words := WORD.findall(sentence))]


def for_patients(texts: dict[str, str]) -> dict[str, str]:
    return {place: text for place, text in texts.items() if place.endswith(".patient")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_the_texts_of_english_and_no_others(language):
    assert set(TEXTS[language]) ^ set(ENGLISH_TEXTS) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_holds_the_numbers_of_the_english_one_and_no_others(language):
    wrong = {
        place: (sorted(numbers_in(text)), sorted(numbers_in(ENGLISH_TEXTS[place])))
        for place, text in TEXTS[language].items()
        if numbers_in(text) != numbers_in(ENGLISH_TEXTS[place])
    }
    assert wrong == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_leaves_the_same_places_open(language):
    wrong = {
        place: text
        for place, text in TEXTS[language].items()
        if set(PLACE.findall(text)) != set(PLACE.findall(ENGLISH_TEXTS[place]))
    }
    assert wrong == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_english_sentence_was_left(language):
    left = {}
    for place, text in TEXTS[language].items():
        for words in sentences(text):
            if len(words) >= 4 and len(ENGLISH.intersection(word.lower() for word in words)) >= 3:
                left[place] = text
        if len(WORD.findall(text)) > 3 and text == ENGLISH_TEXTS[place]:
            left[place] = text
    assert left == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_patients_are_told_in_short_sentences(language):
    told = for_patients(TEXTS[language])
    lengths = {place: [len(words) for words in sentences(text)] for place, text in told.items()}
    assert {place: counts for place, counts in lengths.items() if max(counts, default=0) > MOST_WORDS} == {}
    counts = [count for found in lengths.values() for count in found]
    assert sum(counts) / len(counts) <= USUAL_WORDS


@pytest.mark.parametrize("language", LANGUAGES)
def test_survival_and_death_are_spoken_of_only_where_english_does(language):
    said = unwanted("survival", language)
    english = unwanted("survival", "en")
    extra = {
        place: text
        for place, text in TEXTS[language].items()
        if said.search(text)
        and not english.search(ENGLISH_TEXTS[place])
        and not place.startswith("survival.")
    }
    assert extra == {}


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_no_text_gives_an_all_clear_or_alarms(language):
    forbidden = [unwanted("all_clear", language), unwanted("alarm", language)]
    texts = TEXTS.get(language, ENGLISH_TEXTS)
    assert {place: text for place, text in texts.items() if any(p.search(text) for p in forbidden)} == {}
