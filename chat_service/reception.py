"""Receiving what the upstream answers: a completion, whole or in pieces, or a refusal."""

import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from email.utils import parsedate_to_datetime

import httpx

from chat_service.body import events_of, linger, read_beginning, read_bounded
from chat_service.breaker import UpstreamFailed
from chat_service.completion import Part, UpstreamError, read_part
from chat_service.engine import NoAnswer, Reason
from chat_service.metrics import MistralMetrics
from chat_service.refusal import TELLING, TOO_MANY, read_refusal
from chat_service.sse import END

logger = logging.getLogger(__name__)

RETRIED = {TOO_MANY, 500, 502, 503, 504}

Hear = Callable[[str], Awaitable[None]]
"""Takes the text of a streamed answer, piece by piece."""


class Failed(NoAnswer, UpstreamFailed):
    """The upstream, and not this request, is at fault."""


class Delayed(Exception):
    """An attempt failed that may be repeated; `pause` is what the other side asked for, in seconds."""

    def __init__(self, reason: Reason, pause: float | None = None) -> None:
        super().__init__(reason)
        self.reason: Reason = reason
        self.pause = pause


class Receiver:
    """Receives answers and takes note of what they say beside their text.

    Args:
        metrics: Where it is noted.
    """

    def __init__(self, metrics: MistralMetrics) -> None:
        self._metrics = metrics

    async def receive(self, response: httpx.Response, hear: Hear | None) -> str:
        """Return the text of an answer.

        Args:
            response: Of which no more than the head was read.
            hear: Takes the text of a stream while it comes.

        Raises:
            Delayed: if the request may be sent again.
            NoAnswer: if it is refused or broken.
        """
        if response.status_code != httpx.codes.OK:
            await self._refuse(response)
        self._metrics.note_deprecation(response.headers.get("x-model-deprecation-timestamp"))
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise Failed("invalid-answer")
        kind = response.headers.get("Content-Type", "application/json").partition(";")[0].strip().lower()
        if kind == "text/event-stream" and hear:
            return await self._listen(response, hear)
        if not (kind == "application/json" or kind.endswith("+json")):
            raise Failed("invalid-answer")
        # A server that cannot stream answers whole.
        text = self._finish(_read(b"".join([piece async for piece in read_bounded(response)])))
        if hear:
            await hear(text)
        return text

    async def _refuse(self, response: httpx.Response) -> None:
        """Turn a status into what it means, for the log, for the metrics and for the caller."""
        status = response.status_code
        body = await read_beginning(response) if status in TELLING else b""
        refusal = read_refusal(status, body)
        logger.warning("Mistral refused with %d: %s", status, refusal.code)
        self._metrics.refused(refusal.code)
        if status in RETRIED:
            raise Delayed(refusal.reason, _retry_after(response.headers.get("Retry-After", "")))
        raise (Failed if refusal.upstream_failed else NoAnswer)(refusal.reason)

    async def _listen(self, response: httpx.Response, hear: Hear) -> str:
        """Hand on the text of a stream as it comes; one that is cut off has no end and is refused."""
        texts, last = list[str](), Part("", None, None)
        async with aclosing(events_of(response)) as events:
            async for data in events:
                if data.strip() == END:
                    await linger(events)
                    break
                last = _merged(last, _read(data))
                if last.text:
                    texts.append(last.text)
                    await hear(last.text)
        return self._finish(last._replace(text="".join(texts)))

    def _finish(self, whole: Part) -> str:
        """Take the text of a completion that came to its end by itself; cut text is refused."""
        if whole.usage:
            self._metrics.used(whole.usage)
        if whole.finish is None or whole.finish == "error":
            raise Failed("invalid-answer")
        if whole.finish != "stop":
            raise NoAnswer("invalid-answer")
        return whole.text


def _read(content: bytes | str) -> Part:
    try:
        return read_part(content)
    except UpstreamError as error:
        raise Failed("upstream-error") from error
    except ValueError as error:
        raise Failed("invalid-answer") from error


def _merged(before: Part, part: Part) -> Part:
    return Part(part.text, part.finish or before.finish, part.usage or before.usage)


def _retry_after(value: str) -> float | None:
    """Read Retry-After as seconds or a date; anything else counts as not said."""
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
