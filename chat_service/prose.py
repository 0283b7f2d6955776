"""What Mistral must answer: prose, and ids of facts; anything else is broken."""

import re
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from chat_service.engine import NoAnswer
from chat_service.prompt import Asked
from chat_service.telling import BETWEEN, unfenced

ENDED = re.compile(r"[.!?\u2026\u0964][\"'\u201d\u00bb\u2019)\]]*$")
SHORT = 20
"""Up to so many words a text may go without a full stop."""


def _whole(text: str) -> str:
    """Refuse a longer text that breaks off: models do so, and say that they came to their end."""
    if len(text.split()) > SHORT and not ENDED.search(text):
        raise ValueError("breaks off")
    return text


class Written(BaseModel):
    """An answer; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    facts: Annotated[list[str], Field(max_length=50)]

    @property
    def prose(self) -> str:
        """All that Mistral wrote, as it is shown."""
        raise NotImplementedError


class Prose(Written):
    """The prose of an explanation, and the facts whose own wording should follow it."""

    summary: Annotated[str, Field(min_length=1, max_length=1200), AfterValidator(_whole)]
    explanation: Annotated[str, Field(min_length=1, max_length=5000), AfterValidator(_whole)]

    @property
    def prose(self) -> str:
        """All that Mistral wrote, as it is shown."""
        return BETWEEN.join([self.summary, self.explanation])


class LeadIn(Written):
    """A lead-in to an answer of the knowledge base."""

    reply: Annotated[str, Field(min_length=1, max_length=1200), AfterValidator(_whole)]

    @property
    def prose(self) -> str:
        """All that Mistral wrote, as it is shown."""
        return self.reply


PROSE_FIELDS: dict[type[Written], tuple[str, ...]] = {Prose: ("summary", "explanation"), LeadIn: ("reply",)}

Answer = TypeVar("Answer", bound=Written)


def read_answer(kind: type[Answer], text: str, asked: Asked) -> Answer:
    """Read an answer.

    Raises:
        NoAnswer: if it is not what was asked for, or names facts that were not handed over.
    """
    try:
        written = kind.model_validate_json(unfenced(text))
    except ValidationError as error:
        raise NoAnswer("invalid-answer") from error
    if not set(written.facts) <= asked.facts.keys():
        raise NoAnswer("invalid-answer")
    return written
