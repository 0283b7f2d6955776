"""The page's own words for what the services decide; never a diagnosis."""

from typing import NamedTuple

from contract import Engine, Prediction
from contract.explanation import Audience


class Wording(NamedTuple):
    """A decision in plain words."""

    headline: str
    meaning: str


DECISIONS = {
    "malignant": Wording(
        "The picture looks more like cancerous tissue than like non-cancerous tissue.",
        "A computer compared patterns in this one picture, and it can be wrong. "
        "A pathologist must decide what the tissue is.",
    ),
    "benign": Wording(
        "The picture looks more like non-cancerous tissue than like cancerous tissue.",
        "This does not rule out cancer: a computer compared patterns in this one picture, and it can be "
        "wrong. A pathologist must decide what the tissue is.",
    ),
    "indeterminate": Wording(
        "The picture does not look clearly like either kind of tissue.",
        "The computer cannot tell non-cancerous from cancerous tissue here. A pathologist must decide.",
    ),
}
UNUSABLE = Wording(
    "This picture cannot be judged.",
    "That says nothing about the tissue, neither good nor bad. The remarks below say what kept the computer "
    "from judging it. A pathologist must decide.",
)
URGENCIES = {
    "routine": "In the usual course",
    "soon": "Soon",
    "prompt": "Without delay",
    "emergency": "Emergency",
}
STAGES = {
    "localized": "localized (within the breast)",
    "regional": "regional (in the breast and nearby lymph nodes or tissue)",
    "distant": "distant (spread to other parts of the body)",
}
AUDIENCES: dict[Audience, str] = {"patient": "a patient or relative", "clinician": "a clinician"}


def word_decision(prediction: Prediction) -> Wording:
    """Put a prediction into words; an unusable image overrides its decision."""
    return DECISIONS[prediction.decision] if prediction.quality.usable else UNUSABLE


def word_percent(probability: float, digits: int = 0) -> str:
    """Round a probability to per cent, without ever claiming 0 or 100."""
    if probability < 0.01:  # noqa: PLR2004 - one per cent
        return "under 1\u00a0%"
    if probability > 0.99:  # noqa: PLR2004 - one per cent short of certainty
        return "over 99\u00a0%"
    return f"{probability * 100:.{digits}f}\u00a0%"


def word_engine(engine: Engine) -> str:
    """Say what wrote an explanation, and why it was not the other engine."""
    if engine.name == "mistral":
        model = f" ({engine.model})" if engine.model else ""
        return f"Written by the language model Mistral{model}; figures and sources from the knowledge base."
    written = "Written by the built-in knowledge base, without a language model."
    return f"{written} Reason: {engine.fallback_reason}" if engine.fallback_reason else written
