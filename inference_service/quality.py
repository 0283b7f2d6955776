"""Remarks about an image: what the model's gate measured, in words that a reader understands."""

from collections.abc import Sequence

from artifact.image import DecodedImage
from contract import GateLimit, Quality, QualityIssue

GENERAL = "The image differs from those that the model was made with, so its answer may not hold."

MESSAGES = {
    "blank": "The image is nearly blank or has hardly any contrast, so there is nothing to judge.",
    "far_from_training_data": (
        "The image does not look like the tissue images that the model was made with. "
        "Its answer must not be used."
    ),
}
"""What each code of a model card's gate means; other codes get the general message."""

SEVERAL = QualityIssue(
    code="several_pictures",
    message="The file holds more than one picture. Only the first was read.",
)


def assess(image: DecodedImage, gate: Sequence[GateLimit], values: Sequence[float]) -> Quality:
    """Compare the statistics `values`, one for each entry of `gate`, with their limits."""
    crossed = [limit for limit, value in zip(gate, values, strict=True) if not _inside(limit, value)]
    issues = [QualityIssue(code=limit.code, message=MESSAGES.get(limit.code, GENERAL)) for limit in crossed]
    unique = {issue.code: issue for issue in issues}
    remarks = [*unique.values(), *([SEVERAL] if image.several else [])]
    return Quality(usable=not any(limit.blocks for limit in crossed), issues=remarks)


def _inside(limit: GateLimit, value: float) -> bool:
    """Tell whether a value lies within its limits; NaN never does."""
    above = limit.low is None or value >= limit.low
    below = limit.high is None or value <= limit.high
    return above and below
