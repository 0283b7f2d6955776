"""How many everyday questions are recognised, in each language that has a list of them."""

from pathlib import Path

import pytest
import yaml

from chat_service.knowledge import load_knowledge
from chat_service.listener import Listener
from contract import ChatMessage

KNOWLEDGE = load_knowledge()
LISTENER = Listener(KNOWLEDGE)
LISTS = {
    name: path
    for path in sorted(Path(__file__).parent.glob("questions_*.yaml"))
    if (name := path.stem.removeprefix("questions_")) in KNOWLEDGE.languages
}
LEAST = {"written": 0.95, "held_out": 0.8, "first_round": 0.9, "second_round": 0.9, "third_round": 0.85}
"""Shares of questions that must be recognised. held_out was never looked at while cues were written.

The rounds were written before the cues were looked at, and the cues mended afterwards. At first
reading 77 % of the first round were recognised, 61 % of the second, whose questions avoid the usual
words, and 66 % of the third; of the dangers in them 77, 46 and 70 %.
"""


def asked(language: str, part: str) -> list[tuple[str, str]]:
    """Return questions, each with what it is about."""
    lists = yaml.safe_load(LISTS[language].read_text("utf-8"))[part]
    return [(question, wanted) for wanted, questions in lists.items() for question in questions]


def missed(language: str, part: str) -> tuple[list[str], int]:
    questions = asked(language, part)
    wrong = []
    for question, wanted in questions:
        understood = LISTENER.understand([ChatMessage(role="user", content=question)], language)
        met = understood.topics or ("none",)
        if not all(any(topic in met for topic in choice.split("|")) for choice in wanted.split("+")):
            wrong.append(f"{question} -> {met}, not {wanted}")
    return wrong, len(questions)


@pytest.mark.parametrize("part", LEAST)
@pytest.mark.parametrize("language", LISTS)
def test_everyday_questions_are_recognised(language, part, record_property):
    wrong, count = missed(language, part)
    accuracy = 1 - len(wrong) / count
    record_property("accuracy", accuracy)
    assert accuracy >= LEAST[part], f"{accuracy:.3f} of {count}: {wrong}"


@pytest.mark.parametrize("language", LISTS)
def test_every_topic_has_questions_to_be_known_by(language):
    wishes = [wanted for part in LEAST for _, wanted in asked(language, part)]
    topics = {topic for wanted in wishes for topic in wanted.replace("+", "|").split("|")}
    assert topics - {"none"} == set(KNOWLEDGE.topics)


@pytest.mark.parametrize("language", LISTS)
def test_no_danger_is_missed_or_made_up(language):
    topics = KNOWLEDGE.topics
    wrong = []
    for part in LEAST:
        for question, wanted in asked(language, part):
            understood = LISTENER.understand([ChatMessage(role="user", content=question)], language)
            found = any(topics[topic].rank in {"crisis", "emergency"} for topic in understood.topics)
            allowed = {
                name.startswith(("crisis", "emergency")) for name in wanted.replace("+", "|").split("|")
            }
            wrong += [question] if found not in allowed else []
    assert wrong == []


@pytest.mark.parametrize("language", LISTS)
def test_harmless_sentences_with_words_of_danger_are_no_emergency(language):
    harmless = yaml.safe_load(LISTS[language].read_text("utf-8"))["harmless"]
    for question in harmless:
        understood = LISTENER.understand([ChatMessage(role="user", content=question)], language)
        ranks = {KNOWLEDGE.topics[topic].rank for topic in understood.topics}
        assert ranks.isdisjoint({"crisis", "emergency"}), question
