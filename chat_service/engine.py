"""What can explain a reading, and what happens when the better explainer fails."""

import logging
import traceback
from typing import Literal, Protocol, TypeVar

from contract import ChatReply, ChatRequest, Explanation, ExplanationRequest

logger = logging.getLogger(__name__)

Reason = Literal[
    "timeout",
    "rate-limited",
    "unauthorized",
    "refused",
    "upstream-error",
    "unavailable",
    "busy",
    "invalid-answer",
    "unsafe-answer",
    "blocked",
    "local-topic",
    "failed",
]
"""Why an engine gave no answer, without internals; shown to callers as `fallback_reason`."""


class NoAnswer(Exception):
    """An engine gave no answer that may be shown."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Show(Protocol):
    """Where an answer is shown while it comes into being."""

    async def text(self, text: str) -> None:
        """Show more text; it must have passed the guard."""

    async def reset(self) -> None:
        """Take back all that was shown."""


class Explainer(Protocol):
    """Answers in full or raises `NoAnswer`.

    Where there is a `show`, it is shown the words of the answer as they come: those of an explanation are
    its summary, an empty line and its explanation; those of a reply the reply.
    """

    async def explain(self, request: ExplanationRequest, show: Show | None = None) -> Explanation:
        """Explain a prediction."""

    async def reply(self, request: ChatRequest, show: Show | None = None) -> ChatReply:
        """Answer a question about a prediction."""


UNASKED: frozenset[Reason] = frozenset({"local-topic", "blocked", "busy", "unavailable"})
"""Reasons for which the first explainer never began."""

Answered = TypeVar("Answered", Explanation, ChatReply)


class Fallback:
    """Asks the first explainer, and when it has no answer gives the whole answer of the second."""

    def __init__(self, first: Explainer, second: Explainer) -> None:
        self._first = first
        self._second = second

    async def explain(self, request: ExplanationRequest, show: Show | None = None) -> Explanation:
        """Explain a prediction."""
        try:
            return await self._first.explain(request, show)
        except Exception as error:  # an explanation is promised, whatever happens
            reason = await _take_back(error, show)
            return _because(reason, await self._second.explain(request, show))

    async def reply(self, request: ChatRequest, show: Show | None = None) -> ChatReply:
        """Answer a question about a prediction."""
        try:
            return await self._first.reply(request, show)
        except Exception as error:  # as above
            reason = await _take_back(error, show)
            return _because(reason, await self._second.reply(request, show))


async def _take_back(error: Exception, show: Show | None) -> Reason:
    """Take back what was shown, and tell why; a bug is logged by its place, without its words."""
    reason: Reason = "failed"
    if isinstance(error, NoAnswer):
        reason = error.reason
    else:
        frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        logger.error("unhandled %s of the first explainer at %s", type(error).__name__, frames)
    if show is not None and reason not in UNASKED:
        await show.reset()
    return reason


def _because(reason: Reason, answer: Answered) -> Answered:
    """Say in the answer why it is not the first explainer's."""
    logger.info("answered by %s: %s", answer.engine.name, reason)
    engine = answer.engine.model_copy(update={"fallback_reason": reason})
    return answer.model_copy(update={"engine": engine})
