"""What nodes are called in a language."""

from typing import NamedTuple

from chat_service.knowledge.collection import Placed
from chat_service.knowledge.nodes import Publication, Statistic
from chat_service.knowledge.texts import LanguageTexts


class Label(NamedTuple):
    """A name, and its language; None where the name belongs to no language, as a citation does."""

    text: str
    language: str | None


def label_of(placed: Placed, texts: LanguageTexts, language: str) -> Label:
    """Name a node; what a figure measures is said in English only, its source says it in every language."""
    if isinstance(placed.node, Publication):
        return Label(placed.node.citation, None)
    if isinstance(placed.node, Statistic):
        return Label(placed.node.measure, "en")
    return Label(_named(placed, texts), language)


def _named(placed: Placed, texts: LanguageTexts) -> str:
    match placed.type:
        case "Specialist":
            return texts.specialists[placed.id].name
        case "Action":
            return texts.actions[placed.id].title.patient
        case "Modality":
            return texts.pictures.modalities[placed.id]
        case "Remark":
            return texts.pictures.issues[placed.id]
        case _:
            return texts.labels[placed.id]
