"""What the inference service answers, and what the chat service reads.

As input a prediction is read leniently: names and codes are bounded strings rather than closed lists,
and `band` and `signature` may be missing. Unknown fields are refused all the same.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from uuid import UUID, uuid4

from pydantic import AwareDatetime, Field, model_validator

from contract.base import Name, Payload, Probability, Sha256, Text

DISCLAIMER = (
    "This is a computer's reading of one picture, for education and research only. "
    "It is not a diagnosis and can be wrong. Only a pathologist with the whole sample and the treating "
    "doctors can tell what it is. Do not wait for, change or stop care because of it."
)

Decision = Literal["benign", "malignant", "indeterminate"]
PixelCount = Annotated[int, Field(ge=1, le=1_000_000)]


def _now() -> datetime:
    """Return the time in whole milliseconds, as finely as JavaScript's `Date` can hand it on unchanged."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class Band(Payload):
    """The probabilities between which the decision is `indeterminate`."""

    low: Probability
    high: Probability

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError("low must not be above high")
        return self


class QualityIssue(Payload):
    """One remark about the image."""

    code: Name
    message: Text


class Quality(Payload):
    """Whether the image can be judged at all, and what was remarked about it."""

    usable: bool
    issues: Annotated[list[QualityIssue], Field(max_length=50, default_factory=list)]


class ModelIdentity(Payload):
    """Which model gave the answer; `sha256` names the very file."""

    name: Name
    version: Name
    architecture: Name
    modality: Name
    sha256: Sha256


class ImageFacts(Payload):
    """What was submitted; `sha256` is of the bytes as they arrived."""

    sha256: Sha256
    format: Name
    width: PixelCount
    height: PixelCount


class Prediction(Payload):
    """The reading of one image: a calibrated probability and a three-way decision."""

    id: UUID = Field(default_factory=uuid4)
    created: AwareDatetime = Field(default_factory=_now)
    label: Name
    """The most probable class of the model."""
    decision: Decision
    """`indeterminate` inside the band and for unusable images."""
    malignant_probability: Probability
    """The calibrated probability that the tissue is malignant: the sum over the malignant classes."""
    threshold: Probability
    """The operating point that maximised balanced accuracy on validation data."""
    band: Band | None = None
    probabilities: Annotated[dict[Name, Probability], Field(min_length=1, max_length=64)]
    quality: Quality
    model: ModelIdentity
    image: ImageFacts
    disclaimer: Text = DISCLAIMER
    signature: Annotated[str, Field(max_length=200)] | None = None
    """`keyid.value`: HMAC-SHA256 over the canonical JSON of everything else, when a key is set."""
