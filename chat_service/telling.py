"""Showing the prose of an answer while its JSON arrives: sentence by sentence, each behind the guard."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pydantic_core

from chat_service.engine import NoAnswer, Show
from chat_service.gate import Objectionable, StreamGuard

FENCE = re.compile(r"\s*```(?:json)?[ \t]*\r?\n", re.IGNORECASE)
MAX_TEXT = 20_000
"""Characters of an answer; its fields are bounded to less."""
BETWEEN = "\n\n"


def unfenced(text: str) -> str:
    """Take away the Markdown fence that some models put around JSON; anything else around it stays."""
    fence = FENCE.match(text)
    return text[fence.end() :].rstrip().removesuffix("```") if fence else text


class Telling:
    """Reads an answer as it comes and shows what of its prose may be shown.

    All prose runs through one guard in the order in which it is shown, so that what is forbidden cannot hide
    across the border of two sentences or of two fields.

    Args:
        fields: Names of the prose fields, in the order in which they are shown.
        guard: Gives sentences back once they may be shown.
        show: Where they are shown.
    """

    def __init__(self, fields: Sequence[str], guard: StreamGuard, show: Show) -> None:
        self._fields = fields
        self._guard = guard
        self._show = show
        self._received = ""
        self._read = ""
        self.has_shown = False

    async def hear(self, piece: str) -> None:
        """Take the next piece of the answer.

        Raises:
            NoAnswer: if it is no JSON object, too long, or not to be shown.
        """
        self._received += piece
        if len(self._received) > MAX_TEXT:
            raise NoAnswer("invalid-answer")
        await self._tell(self._prose(_read_begun(self._received)))

    async def finish(self, prose: str) -> None:
        """Show the rest; `prose` is all of it, as it was read from the whole answer.

        Raises:
            NoAnswer: if it does not begin with what was read before, or is not to be shown.
        """
        await self._tell(prose)
        await self._release(self._guard.close)

    async def _tell(self, prose: str) -> None:
        if not prose.startswith(self._read):  # a field came twice
            raise NoAnswer("invalid-answer")
        more, self._read = prose[len(self._read) :], prose
        if more:
            await self._release(partial(self._guard.feed, more))

    async def _release(self, step: Callable[[], str]) -> None:
        try:
            text = step()
        except Objectionable as error:
            raise NoAnswer("unsafe-answer") from error
        if text:
            self.has_shown = True
            await self._show.text(text)

    def _prose(self, begun: dict[str, Any]) -> str:
        """Return the prose that has come; a field is followed only once the one before it has ended."""
        texts, still_coming = [], list(begun)[-1] if begun else None
        for field in self._fields:
            value = begun.get(field)
            if not isinstance(value, str):
                break
            texts.append(value.strip())
            if field == still_coming:
                break
        return BETWEEN.join(texts).rstrip()


def _read_begun(text: str) -> dict[str, Any]:
    """Read the beginning of a JSON object; the last string may still be coming."""
    begun = unfenced(text)
    # Of a fence the first line may not be whole yet.
    if not begun.strip() or (begun.lstrip().startswith("`") and "\n" not in begun.strip()):
        return {}
    try:
        read = pydantic_core.from_json(begun, allow_partial="trailing-strings")
    except ValueError as error:
        raise NoAnswer("invalid-answer") from error
    if not isinstance(read, dict):
        raise NoAnswer("invalid-answer")
    return read
