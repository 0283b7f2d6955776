"""Questions, their topics, and the answers of the knowledge base."""

import itertools
import re

import pytest

from chat_service.case import Case
from chat_service.conversation import answer, recognise
from chat_service.knowledge import load_knowledge
from chat_service.numbers import stated_in, unsupported_numbers
from contract import Clinical

KNOWLEDGE = load_knowledge()
CHAT = KNOWLEDGE.languages["en"].chat


def case(kind: str = "malignant", audience: str = "patient") -> Case:
    return Case(
        kind=kind,
        subtype=None,
        lean="strong",
        modality="microscope",
        issues=(),
        audience=audience,
        language="en",
        clinical=Clinical(),
        include_prognosis=True,
    )


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("I want to die", "crisis"),
        ("I don\u2019t want to live anymore, what stage is it?", "crisis"),
        ("thinking about SUICIDE", "crisis"),
        ("maybe I should end it all", "crisis"),
        ("ich will nicht mehr leben", "crisis"),
        ("I can't breathe and my chest hurts", "emergency"),
        ("I had chemo last week and now a fever", "emergency"),
        ("Can I skip the biopsy?", "stop-treatment"),
        ("How many mg of tamoxifen should I take?", "medicine"),
        ("How long do I have to live?", "survival"),
        ("Will I die?", "survival"),
        ("What happens without treatment?", "untreated"),
        ("What stage is it?", "stage"),
        ("Which doctor should I see?", "doctors"),
        ("Can I get a second opinion?", "second-opinion"),
        ("What treatments are there?", "treatment"),
        ("How accurate is this?", "accuracy"),
        ("My mother had it too", "family"),
        ("I am so scared", "feelings"),
        ("Do I have cancer?", "diagnosis"),
        ("What should I do now?", "next-steps"),
        ("What does benign mean?", "meaning"),
        ("Who won the match yesterday?", None),
    ],
)
def test_questions_are_recognised(question, topic):
    found = recognise(question, CHAT)
    assert (found.id if found else None) == topic


KINDS = ["benign", "malignant", "indeterminate", "unusable"]
ALL = list(itertools.product([*CHAT.topics, None], KINDS, ["patient", "clinician"]))


def test_every_topic_is_answered_within_bounds_and_with_supported_numbers_only():
    for topic, kind, audience in ALL:
        told = answer(topic, case(kind, audience), KNOWLEDGE)
        assert 20 < len(told.text) <= 4000 - 1200 - 2, (topic, kind)
        known = stated_in(KNOWLEDGE.cite(told.sources, "en"))
        assert unsupported_numbers([told.text], known) == set(), told.text


def test_survival_figures_are_told_only_for_a_malignant_reading():
    figures = re.compile(r"alive|median|relative survival|99\.3")
    for topic, kind, audience in ALL:
        told = answer(topic, case(kind, audience), KNOWLEDGE).text
        asked = topic is not None and topic.id in {"survival", "untreated"}
        assert bool(figures.search(told)) is (asked and kind == "malignant"), told


def test_the_safety_text_names_lines_to_call_and_holds_no_statistic():
    topic = recognise("I want to kill myself", CHAT)
    told = answer(topic, case(), KNOWLEDGE).text
    for number in ("112", "999", "911", "116 123", "988"):
        assert number in told
    assert "%" not in told
    assert "nobody watches this chat" in told


def test_safety_topics_are_never_handed_to_a_language_model():
    assert {topic.id for topic in CHAT.topics if topic.local} == {"crisis", "emergency"}


def test_a_very_long_question_is_recognised_quickly():
    assert recognise("treatment " * 800 + "fever " * 300, CHAT) is not None
    assert recognise("stop " * 1600, CHAT) is None
