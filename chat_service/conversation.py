"""Answers to questions: which topic a question is about, and what the knowledge base says to it."""

import unicodedata
from typing import NamedTuple

from chat_service.case import Case
from chat_service.composer import Composer
from chat_service.knowledge import Answer, ChatTexts, Knowledge, Part, Topic
from chat_service.stage import compose_stage


class Told(NamedTuple):
    """An answer and the sources its parts rest on."""

    text: str
    sources: list[str]


def recognise(question: str, texts: ChatTexts) -> Topic | None:
    """Return the first topic that a question touches; the topics stand in order of urgency."""
    plain = unicodedata.normalize("NFKC", question).replace("\u2019", "'").casefold()
    return next((topic for topic in texts.topics if any(p.search(plain) for p in topic.match)), None)


def answer(topic: Topic | None, case: Case, knowledge: Knowledge) -> Told:
    """Answer a question about a topic; None stands for anything we do not recognise."""
    texts = knowledge.languages[case.language].chat
    chosen: Answer = topic or texts.other
    text: str | None = getattr(chosen, case.audience)
    part = _tell(chosen.tell, case, knowledge) if chosen.tell else Told("", [])
    said = "\n\n".join(piece for piece in (text, part.text) if piece)
    return Told(said, [*part.sources, *chosen.sources])


def _tell(part: Part, case: Case, knowledge: Knowledge) -> Told:
    """Retell a part of the explanation."""
    composer = Composer(knowledge, case)
    if part == "summary":
        return Told(composer.opening(), [])
    if part == "meaning":
        facts = composer.facts()[:3]
        text = "\n\n".join([composer.opening(), *(fact.text for fact in facts), composer.closing()])
        return Told(text, [key for fact in facts for key in fact.sources])
    if part == "actions":
        actions = composer.actions()
        text = "\n".join(f"- {action.title}. {action.detail}" for action in actions)
        return Told(f"{text}\n\n{composer.closing()}", [key for action in actions for key in action.sources])
    if part == "specialists":
        people = composer.specialists()
        text = "\n".join(f"- {person.name}: {person.role}" for person in people)
        return Told(f"{text}\n\n{composer.closing()}", [key for person in people for key in person.sources])
    if part == "stage":
        return _stage(case, knowledge)
    return _survival(case, knowledge, untreated=part == "untreated")


def _stage(case: Case, knowledge: Knowledge) -> Told:
    stage = compose_stage(case, knowledge)
    needed = "\n".join(f"- {item}" for item in stage.needed)
    sources = knowledge.plan.stage.sources if case.malignant else []
    return Told(f"{stage.reason}\n\n{needed}", [*sources, *(share.source for share in stage.distribution)])


def _survival(case: Case, knowledge: Knowledge, *, untreated: bool) -> Told:
    """Give figures to who asks for them, where the reading is malignant; else no word of them."""
    texts = knowledge.languages[case.language].chat
    history = Composer(knowledge, case).untreated_survival()
    if history is None:
        return Told(getattr(texts.withheld, case.audience), [])
    if untreated:
        return Told(f"{history.statement}\n\n{history.caveat}", history.sources)
    return Told(getattr(texts.survival, case.audience), texts.survival.sources)
