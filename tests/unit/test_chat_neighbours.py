"""Questions that no cue knows, by the questions they are most like."""

import pytest

from chat_service.knowledge import KnowledgeInvalid, load_knowledge
from chat_service.listener import Listener
from chat_service.neighbours import Neighbours
from chat_service.questions import NONE, read_questions
from chat_service.romanised import Romanised, sound
from contract import ChatMessage

KNOWLEDGE = load_knowledge()
LISTENER = Listener(KNOWLEDGE)
ASKED = Neighbours.of(
    [
        ("hair", ["will", "all", "my", "hair", "fall", "out"]),
        ("hair", ["does", "hair", "come", "back"]),
        ("garden", ["which", "roses", "flower", "in", "may"]),
        ("garden", ["when", "do", "roses", "flower"]),
    ]
)


def topics(question: str, language: str) -> tuple[str, ...]:
    return LISTENER.understand([ChatMessage(role="user", content=question)], language).topics


def test_a_question_is_about_what_the_likest_ones_are_about():
    assert ASKED.topic_of(["will", "hair", "fall", "off"]) == "hair"
    assert ASKED.topic_of(["roses", "in", "may"]) == "garden"


@pytest.mark.parametrize("words", ["", "quite another thing", "hair roses"])
def test_a_question_like_none_or_like_two_is_left_alone(words):
    assert ASKED.topic_of(words.split()) is None


@pytest.mark.parametrize("language", KNOWLEDGE.languages)
def test_every_known_question_has_a_topic(language):
    assert set(read_questions(language)) <= {*KNOWLEDGE.topics, NONE}


def test_a_question_without_topic_is_refused(tmp_path):
    (tmp_path / "xx").mkdir()
    (tmp_path / "xx" / "questions.txt").write_text("why\n", "utf-8")
    with pytest.raises(KnowledgeInvalid, match="no topic"):
        read_questions("xx", tmp_path)
    with pytest.raises(KnowledgeInvalid, match="cannot be read"):
        read_questions("yy", tmp_path)


@pytest.mark.parametrize(
    ("typed", "written"),
    [("goliyan", "गोलियां"), ("golian", "गोलियां"), ("pindli", "पिंडली"), ("test", "टेस्ट"), ("sooj", "सूज")],
)
def test_both_scripts_of_hindi_sound_alike(typed, written):
    assert sound(typed) == sound(written)
    assert Romanised.of([written]).read(typed) == written


def test_other_words_and_scripts_stay():
    known = Romanised.of(["गोलियां"])
    assert [known.read(word) for word in ("tablet", "बुखार", "her2")] == ["tablet", "बुखार", "her2"]
    assert Romanised.of(["tablet"]).read("tablets") == "tablets"


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "I am paralysed with fear"),
        ("en", "I'm dying to know"),
        ("fr", "je suis paralysée par la peur"),
        ("fr", "cette attente me tue"),
        ("de", "bin wie gelähmt vor Angst"),
        ("es", "me muero por saber"),
        ("hi", "डर के मारे सुन्न हो गई हूँ"),
        ("de", "I am paralysed with fear"),
    ],
)
def test_a_figure_of_speech_is_no_danger(language, question):
    ranks = {KNOWLEDGE.topics[topic].rank for topic in topics(question, language)}
    assert ranks.isdisjoint({"crisis", "emergency"})


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "I am dying to know, and I can't breathe"),
        ("fr", "l'attente me tue et je veux mourir"),
        ("de", "gelähmt vor Angst, und meine Beine sind taub"),
    ],
)
def test_a_danger_beside_a_figure_of_speech_is_heard(language, question):
    assert KNOWLEDGE.topics[topics(question, language)[0]].rank in {"crisis", "emergency"}


def test_a_word_of_the_own_language_is_not_read_in_another():
    assert "men" not in topics("man weiß ja nie", "de")
    assert "men" in topics("can a man have this", "de")
