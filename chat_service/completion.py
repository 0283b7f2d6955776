"""Chat completions as Mistral and servers of the same protocol write them, whole or in pieces.

Read leniently: what is not needed is not looked at. What is needed and broken is a `ValueError`.
"""

from typing import Annotated, NamedTuple

from pydantic import BaseModel, Field, JsonValue

Tokens = Annotated[int, Field(ge=0, le=10**9)]


class _Lenient(BaseModel):
    """A part of an answer; unknown fields are passed over."""


class _Piece(_Lenient):
    type: str = "text"
    text: str = ""


class _Text(_Lenient):
    content: str | list[_Piece] | None = None

    @property
    def text(self) -> str:
        """The text alone: pieces are joined, and those that hold thinking are dropped."""
        if isinstance(self.content, list):
            return "".join(piece.text for piece in self.content if piece.type == "text")
        return self.content or ""


class _Choice(_Lenient):
    index: int = 0
    message: _Text | None = None
    delta: _Text | None = None
    finish_reason: str | None = None


class _Cached(_Lenient):
    cached_tokens: Tokens | None = None


class Usage(_Lenient):
    """What a completion took."""

    prompt_tokens: Tokens = 0
    completion_tokens: Tokens = 0
    prompt_tokens_details: _Cached | None = None


class _Completion(_Lenient):
    choices: list[_Choice] = []
    usage: JsonValue = None
    error: JsonValue = None
    object: str = ""


class Part(NamedTuple):
    """What an answer, or a piece of a streamed one, holds."""

    text: str
    finish: str | None
    """Why the model stopped; None while it has not."""
    usage: Usage | None


class UpstreamError(ValueError):
    """In place of an answer, or in the midst of one, stands an error."""


def read_part(content: bytes | str) -> Part:
    """Read a completion, or one piece of a streamed one.

    Raises:
        UpstreamError: if it is an error.
        ValueError: if it is neither.
    """
    completion = _Completion.model_validate_json(content)
    if completion.error is not None or completion.object.lower() == "error":
        raise UpstreamError
    choice = next((each for each in completion.choices if each.index == 0), _Choice())
    said = choice.message or choice.delta or _Text()
    return Part(said.text, choice.finish_reason, _read_usage(completion.usage))


def _read_usage(usage: JsonValue) -> Usage | None:
    """Read what was used; that it cannot be read is no reason to throw an answer away."""
    try:
        return Usage.model_validate(usage)
    except ValueError:
        return None
