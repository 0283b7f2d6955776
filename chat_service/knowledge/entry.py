"""What the entries of all files have in common."""

from collections.abc import Callable
from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Kind = Literal["benign", "malignant", "indeterminate", "unusable"]
"""The three decisions, and a picture that could not be read."""
Id = Annotated[str, Field(pattern=r"^[a-z0-9_]+(-[a-z0-9_]+)*$", max_length=60)]
PLACES = {"picture", "lean", "issues", "findings", "value"}
"""What a text may leave open for our own words or for a number of the request."""
LOCAL_PLACES = {"emergency", "crisis_line", "fever", "referral", "young_relative"}
"""What a text may leave open for a number that depends on the country."""


def fillable(places: set[str]) -> Callable[[str], str]:
    """Return a check that a text leaves open nothing but these places."""

    def check(text: str) -> str:
        try:
            open_places = {place for _, place, _, _ in Formatter().parse(text) if place is not None}
        except ValueError as error:
            raise ValueError("holds a brace without its partner") from error
        if open_places - places:
            raise ValueError(f"leaves open what nothing fills: {sorted(open_places - places)}")
        return text

    return check


Sentence = Annotated[
    str, Field(min_length=1, max_length=2000), AfterValidator(fillable(PLACES | LOCAL_PLACES))
]


class Entry(BaseModel):
    """One entry of a file; unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Voices(Entry):
    """One thing said in plain words and in full terms."""

    patient: Sentence
    clinician: Sentence
