"""The page's words for what the services decide; never a diagnosis."""

from typing import NamedTuple

from contract import Engine, Prediction
from contract.prediction import QualityIssue
from ui.catalogue import ENGLISH, Words


class Wording(NamedTuple):
    """A decision in plain words."""

    headline: str
    meaning: str
    short: str


def word_decision(prediction: Prediction, words: Words) -> Wording:
    """Put a prediction into words; an unusable image overrides its decision."""
    key = f"decision.{prediction.decision if prediction.quality.usable else 'unusable'}"
    return Wording(words(key), words(f"{key}.meaning"), words(f"{key}.short"))


def word_remark(issue: QualityIssue, words: Words) -> str:
    """Say what was remarked on a picture: in English as the service does, otherwise by its code."""
    if words.language == ENGLISH:
        return issue.message
    return words.find(f"remark.{issue.code}") or words("remark.other")


def word_engine(engine: Engine, words: Words) -> str:
    """Say what wrote an explanation, and why it was not the other engine."""
    if engine.name == "mistral":
        return words("engine.mistral", model=f" ({engine.model})" if engine.model else "")
    written = words("engine.base")
    if not engine.fallback_reason:
        return written
    reason = words.find(f"reason.{engine.fallback_reason}") or words("reason.unavailable")
    return f"{written} {words('engine.reason', reason=reason)}"
