"""What the entries of all files have in common."""

from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Kind = Literal["benign", "malignant", "indeterminate", "unusable"]
"""The three decisions, and a picture that could not be read."""
Id = Annotated[str, Field(pattern=r"^[a-z0-9_]+(-[a-z0-9_]+)*$", max_length=60)]
PLACES = {"picture", "lean", "issues", "findings", "value"}
"""What a text may leave open for our own words or for a number of the request."""


def _fillable(text: str) -> str:
    try:
        open_places = {place for _, place, _, _ in Formatter().parse(text) if place is not None}
    except ValueError as error:
        raise ValueError("holds a brace without its partner") from error
    if open_places - PLACES:
        raise ValueError(f"leaves open what nothing fills: {sorted(open_places - PLACES)}")
    return text


Sentence = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_fillable)]


class Entry(BaseModel):
    """One entry of a file; unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Voices(Entry):
    """One thing said in plain words and in full terms."""

    patient: Sentence
    clinician: Sentence
