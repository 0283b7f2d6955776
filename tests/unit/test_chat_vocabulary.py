"""What of a question leaves the house: words that we recognise, and no name, number or address."""

import importlib
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_service.knowledge import load_knowledge
from chat_service.vocabulary import MAX_LENGTH, Vocabulary
from chat_service.wordlist import plain, read_words
from tests.identifiers import LOCALES, PLACES, identifiers, place

LANGUAGES = sorted(load_knowledge().languages)
WORD = re.compile(r"(?:[^\W_]|[\u0900-\u0963])+")
HARMLESS = {
    *(
        "can",
        "doctor",
        "more",
        "aller",
        "bien",
        "comment",
        "de",
        "la",
        "le",
        "sans",
        "sur",
        "auch",
        "da",
        "das",
    ),
    *(
        "dass",
        "der",
        "mir",
        "solange",
        "benigna",
        "benigno",
        "del",
        "pero",
        "van",
        "krebs",
        "das",
        "mas",
        "el",
    ),
}
"""Words without which no question can be asked, though somebody somewhere is called so."""


@cache
def vocabulary(language="en"):
    return Vocabulary.of(load_knowledge(), language)


@cache
def listed(language):
    return read_words(load_knowledge(), language)


def keep(text, language="en"):
    return vocabulary(language).keep(text)


def words(text):
    return Counter(WORD.findall(text.casefold()))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("What does a fibroadenoma mean?", "what does a fibroadenoma mean?"),
        ("Is it HER2 positive or BRCA1?", "is it her2 positive or brca1?"),
        ("How long will it take until I know?", "how long will it take until i know?"),
        ("I was told I\u2019ve got DCIS - is that cancer?", "i was told i've got dcis is that cancer?"),
        ("What is best for me now", "what is best for me now"),
        ("Will I lose my hair?", "will i lose my hair?"),
        ("AM I GOING TO LOSE MY BREAST?", "am i going to lose my breast?"),
    ],
)
def test_questions_stay_as_they_are(written, kept):
    assert keep(written) == kept


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("My name is Rose Brown and I have a lump.", "my name is … and i have a lump."),
        ("my name is grace young, what now?", "my name is … what now?"),
        ("Hi, I'm Will. Will I lose my hair?", "… will i lose my hair?"),
        ("Ask Mrs. Day or Dr Young about it", "… about it"),
        ("Good Hope hospital told me", "… hospital told me"),
        ("Maria de la Cruz has it", "… has it"),
        ("R o s e  S m i t h", ""),
        ("r.o.s.e s-m-i-t-h", ""),
        ("Ros\u0435 with a Cyrillic letter", "… with a … letter"),
        ("Gr\u200bace", ""),
        ("born on 5 May 1961", "born on …"),
        ("write to rose.brown@nhs.uk or hope at may dot org", "write to …"),
        ("my number is 07700 900123, call me", "my number is … call me"),
        ("it says 12 mm wide", "it says … mm wide"),
        ("Regards,\nHope May", ""),
        ("Is Will Young my doctor?", "is … my doctor?"),
        ("I HAVE CANCER, JOHN DAY", "i have cancer …"),
        ("C:\\Users\\rose\\scan.dcm shows it", "… shows it"),
        ("cm9zZSBicm93bg== is my code", "… is my …"),
        ("young", ""),
    ],
)
def test_what_could_name_somebody_becomes_an_ellipsis(written, kept):
    assert keep(written) == kept


OTHERS = {
    "fr": ("Je m'appelle Claire Petit et j'ai peur.", "je m'appelle … et j'ai peur."),
    "de": ("Frau Klein sagt, der Knoten ist klein.", "… sagt der knoten ist klein."),
    "es": ("Soy Rosa Blanco, ¿es benigno?", "soy … es benigno?"),
    "hi": ("मेरा नाम आशा है और मुझे डर लग रहा है", "मेरा नाम … है और मुझे डर लग रहा है"),
}


@pytest.mark.parametrize("language", sorted(set(OTHERS) & set(LANGUAGES)))
def test_names_that_are_words_are_told_by_their_company_in_other_languages(language):
    written, kept = OTHERS[language]
    assert keep(written, language) == kept


def test_a_name_may_be_asked_for_in_one_turn_and_said_in_the_next():
    turns = ["What is your name?", "may young", "my name is", "hope", "Is it cancer?"]
    assert vocabulary().keep_turns(turns) == ["what is your name?", "", "my name is", "", "is it cancer?"]


def test_only_the_beginning_of_a_very_long_turn_is_looked_at():
    assert keep("it is " * MAX_LENGTH + "cancer").count("cancer") == 0


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_becomes_words_of_the_list_and_nothing_else(text):
    allowed = listed("en").words
    for word in keep(text).replace("…", " ").replace("?", " ").replace(".", " ").split():
        assert word in allowed or set(re.split("['-]", word)) & allowed


@settings(max_examples=40, derandomize=True, deadline=None)
@given(seed=st.integers(0, 10**9), locale=st.sampled_from(LOCALES), language=st.sampled_from(LANGUAGES))
def test_no_identifier_leaves_within_a_question(seed, locale, language):
    """What is kept must be the same, or less, than with a word in its place that nobody knows."""
    for number, (kind, identifier) in enumerate(identifiers(seed, locale)):
        written = place(language, seed + number)
        more = words(keep(written.format(identifier), language))
        more -= words(keep(written.format("Xqzwv Kjhgf"), language))
        shown = {word for word in more if len(word) > 1} & set(words(plain(identifier)))
        shown -= listed(language).function
        assert not shown, (kind, identifier, written)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_that_leaves_unconditionally_is_a_name(language):
    found = (listed(language).words - listed(language).ambiguous) & names() - HARMLESS
    assert not found - listed(language).function


@cache
def names():
    """Return the first and last names of the locales."""
    found = set()
    for locale in LOCALES:
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        lists = [getattr(provider, name) for name in dir(provider) if "name" in name and name[0] != "_"]
        found |= {str(each) for one in lists if isinstance(one, tuple | list | dict) for each in one}
    return frozenset(part for each in found for part in WORD.findall(plain(each).casefold()) if len(part) > 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_most_words_of_everyday_questions_are_kept(language):
    path = Path(__file__).parent / "everyday_questions.yaml"
    questions = yaml.safe_load(path.read_text("utf-8"))[language]
    asked, kept = (sum(sum(words(text).values()) for text in texts) for texts in (
        questions, [keep(question, language) for question in questions]
    ))  # fmt: skip
    assert len(questions) == 60
    assert kept >= 0.95 * asked


def test_every_language_has_places_to_try():
    assert set(LANGUAGES) <= set(PLACES)
