"""What can explain a reading, and what happens when the better explainer fails."""

import logging
from typing import Literal, Protocol, TypeVar

from contract import ChatReply, ChatRequest, Explanation, ExplanationRequest

logger = logging.getLogger(__name__)

Reason = Literal[
    "timeout",
    "rate-limited",
    "unauthorized",
    "refused",
    "upstream-error",
    "invalid-answer",
    "unsafe-answer",
    "local-topic",
]
"""Why an engine gave no answer, without internals; shown to callers as `fallback_reason`."""


class NoAnswer(Exception):
    """An engine gave no answer that may be shown."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Explainer(Protocol):
    """Answers in full or raises `NoAnswer`; a later streaming method belongs here too."""

    async def explain(self, request: ExplanationRequest) -> Explanation:
        """Explain a prediction."""

    async def reply(self, request: ChatRequest) -> ChatReply:
        """Answer a question about a prediction."""


Answered = TypeVar("Answered", Explanation, ChatReply)


class Fallback:
    """Asks the first explainer, and when it has no answer gives the whole answer of the second."""

    def __init__(self, first: Explainer, second: Explainer) -> None:
        self._first = first
        self._second = second

    async def explain(self, request: ExplanationRequest) -> Explanation:
        """Explain a prediction."""
        try:
            return await self._first.explain(request)
        except NoAnswer as error:
            return _because(error.reason, await self._second.explain(request))

    async def reply(self, request: ChatRequest) -> ChatReply:
        """Answer a question about a prediction."""
        try:
            return await self._first.reply(request)
        except NoAnswer as error:
            return _because(error.reason, await self._second.reply(request))


def _because(reason: Reason, answer: Answered) -> Answered:
    """Say in the answer why it is not the first explainer's."""
    logger.info("answered by %s: %s", answer.engine.name, reason)
    engine = answer.engine.model_copy(update={"fallback_reason": reason})
    return answer.model_copy(update={"engine": engine})
