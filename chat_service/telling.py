"""Showing the prose of an answer while its JSON arrives: sentence by sentence, each behind the guard."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pydantic_core

from chat_service.engine import NoAnswer, Show
from chat_service.guard import SENTENCE_END

FENCE = re.compile(r"\s*```(?:json)?[ \t]*\r?\n", re.IGNORECASE)
MAX_TEXT = 20_000
"""Characters of an answer; its fields are bounded to less."""
BETWEEN = "\n\n"

Judge = Callable[[str], None]
"""Raises `NoAnswer` for a text that must not be shown."""


def unfenced(text: str) -> str:
    """Take away the Markdown fence that some models put around JSON; anything else around it stays."""
    fence = FENCE.match(text)
    return text[fence.end() :].rstrip().removesuffix("```") if fence else text


class Telling:
    """Reads an answer as it comes and shows what of its prose may be shown.

    A sentence is shown once white space follows it, or its field has ended, and all prose up to there has
    passed the guard: what is forbidden cannot hide across the border of two sentences or of two fields.

    Args:
        fields: Names of the prose fields, in the order in which they are shown.
        judge: The guard.
        show: Where it is shown.
    """

    def __init__(self, fields: Sequence[str], judge: Judge, show: Show) -> None:
        self._fields = fields
        self._judge = judge
        self._show = show
        self._received = ""
        self.shown = ""

    async def hear(self, piece: str) -> None:
        """Take the next piece of the answer.

        Raises:
            NoAnswer: if it is no JSON object, too long, or not to be shown.
        """
        self._received += piece
        if len(self._received) > MAX_TEXT:
            raise NoAnswer("invalid-answer")
        await self.tell(self._sentences(_read_begun(self._received)))

    async def tell(self, text: str) -> None:
        """Show all the prose up to here; `text` begins with what was shown before.

        Raises:
            NoAnswer: if it does not, because a field came twice, or if it is not to be shown.
        """
        if not text.startswith(self.shown):
            raise NoAnswer("invalid-answer")
        if len(text) > len(self.shown):
            self._judge(text)
            more, self.shown = text[len(self.shown) :], text
            await self._show.text(more)

    def _sentences(self, begun: dict[str, Any]) -> str:
        """Return what has come of the prose, up to the last sentence that is surely whole."""
        if not begun:
            return ""
        texts, still_coming = [], list(begun)[-1]
        for field in self._fields:
            value = begun.get(field)
            if not isinstance(value, str):
                break
            if field == still_coming:
                ends = [end.start() for end in SENTENCE_END.finditer(value.lstrip())]
                texts.append(value.lstrip()[: ends[-1]] if ends else "")
                break
            texts.append(value.strip())
        text = BETWEEN.join(texts).rstrip()
        return text if len(text) > len(self.shown) else self.shown


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
