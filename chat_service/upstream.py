"""Asking Mistral, or a server of the same protocol: bounded in time, size, attempts and crowd.

Nothing of a request or an answer is logged.
"""

import logging
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from email.utils import parsedate_to_datetime

import anyio
import httpx

from chat_service.breaker import Breaker, Broken, UpstreamFailed
from chat_service.completion import Part, UpstreamError, read_part
from chat_service.engine import NoAnswer, Reason
from chat_service.metrics import MistralMetrics
from chat_service.refusal import MAX_BODY, TELLING, TOO_MANY, read_refusal
from chat_service.settings import MistralSettings
from chat_service.slots import Slots
from chat_service.sse import END, EventReader

logger = logging.getLogger(__name__)

PATH = "/v1/chat/completions"
MAX_ANSWER = 1_000_000
"""Largest answer in bytes that is read."""
BACKOFF = 0.5
"""Longest first pause in seconds; it doubles with each attempt, and a random share of it is waited."""
LINGER = 0.05
"""Seconds that a stream may stay open after its last event."""
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


def open_client(settings: MistralSettings, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """Open the connection pool; redirects are not followed, so the key goes to one host only."""
    timeout = httpx.Timeout(
        settings.read_timeout_s, connect=settings.connect_timeout_s, pool=settings.deadline_s
    )
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    # A compressed answer could unfold beyond any bound.
    headers = {
        "Authorization": f"Bearer {key}",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
    }
    return httpx.AsyncClient(
        base_url=settings.base_url,
        headers=headers,
        timeout=timeout,
        transport=transport or Slots(settings.base_url),
    )


class Upstream:
    """One server that completes chats; create one in the lifespan, since it belongs to an event loop.

    Args:
        client: From `open_client`.
        settings: Bounds.
        breaker: Keeps calls away while the server fails.
        metrics: Takes note of every call.
    """

    def __init__(
        self, client: httpx.AsyncClient, settings: MistralSettings, breaker: Breaker, metrics: MistralMetrics
    ) -> None:
        self._client = client
        self._settings = settings
        self._breaker = breaker
        self._metrics = metrics
        self._places = places = anyio.CapacityLimiter(settings.max_connections)
        metrics.watch(lambda: places.borrowed_tokens, lambda: places.statistics().tasks_waiting)

    async def complete(self, content: bytes, *, deadline: float, hear: Hear | None = None) -> str:
        """Return the text of a completion.

        Args:
            content: The request, which goes out as it is.
            deadline: Time of the event loop's clock at which there is no answer any more.
            hear: Takes the text while it comes; then `content` must ask for a stream.

        Raises:
            NoAnswer: when it is late, refused or broken, or not asked for at all.
        """
        with self._metrics.asking():
            try:
                with self._breaker.call() as probe:
                    return await self._in_time(content, deadline, hear, 1 if probe else None)
            except Broken as error:
                raise NoAnswer("unavailable") from error

    async def _in_time(self, content: bytes, deadline: float, hear: Hear | None, attempts: int | None) -> str:
        try:
            with anyio.fail_after(max(0.0, deadline - anyio.current_time())):
                return await self._repeated(content, hear, attempts or self._settings.max_attempts)
        except TimeoutError as error:
            raise Failed("timeout") from error

    async def _repeated(self, content: bytes, hear: Hear | None, attempts: int) -> str:
        """Ask until there is an answer, the attempts are used up, or a pause would outlast the deadline."""
        for attempt in range(1, attempts + 1):
            try:
                async with self._place():
                    return await self._ask(content, hear)
            except Delayed as error:
                jitter = random.uniform(0, BACKOFF * 2 ** (attempt - 1))  # noqa: S311 - spreads load, no secret
                pause = jitter if error.pause is None else error.pause
                left = anyio.current_effective_deadline() - anyio.current_time()
                if attempt == attempts or pause >= left:
                    raise Failed(error.reason) from error
                logger.info("asking Mistral again after %s", error.reason)
                self._metrics.repeated(error.reason)
                await anyio.sleep(pause)
        raise AssertionError("there is at least one attempt")

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """Wait for a place among those under way, unless too many wait already."""
        crowd = self._places.statistics()
        if crowd.borrowed_tokens >= crowd.total_tokens and crowd.tasks_waiting >= self._settings.max_waiting:
            raise NoAnswer("busy")
        async with self._places:
            yield

    async def _ask(self, content: bytes, hear: Hear | None) -> str:
        """Send one request; once the head of an answer is there, nothing is repeated."""
        accept = "text/event-stream" if hear else "application/json"
        request = self._client.build_request("POST", PATH, content=content, headers={"Accept": accept})
        try:
            response = await self._client.send(request, stream=True)
        except (httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout) as error:
            raise Failed("timeout") from error
        except httpx.TransportError as error:
            raise Delayed("upstream-error") from error
        try:
            return await self._receive(response, hear)
        except httpx.TimeoutException as error:
            raise Failed("timeout") from error
        except httpx.HTTPError as error:
            raise Failed("upstream-error") from error
        finally:
            await response.aclose()

    async def _receive(self, response: httpx.Response, hear: Hear | None) -> str:
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
        text = self._finish(_read(b"".join([piece async for piece in _bounded(response)])))
        if hear:
            await hear(text)
        return text

    async def _refuse(self, response: httpx.Response) -> None:
        """Turn a status into what it means, for the log, for the metrics and for the caller."""
        status = response.status_code
        body = await _first_bytes(response) if status in TELLING else b""
        refusal = read_refusal(status, body)
        logger.warning("Mistral refused with %d: %s", status, refusal.code)
        self._metrics.refused(refusal.code)
        if status in RETRIED:
            raise Delayed(refusal.reason, _retry_after(response.headers.get("Retry-After", "")))
        raise (Failed if refusal.upstream_failed else NoAnswer)(refusal.reason)

    async def _listen(self, response: httpx.Response, hear: Hear) -> str:
        """Hand on the text of a stream as it comes; one that is cut off has no end and is refused."""
        texts, last = list[str](), Part("", None, None)
        async with aclosing(_events(response)) as events:
            async for data in events:
                if data.strip() == END:
                    await _linger(events)
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


async def _events(response: httpx.Response) -> AsyncGenerator[str]:
    reader = EventReader()
    async for piece in _bounded(response):
        for data in reader.feed(piece):
            yield data
    for data in reader.close():
        yield data


async def _linger(events: AsyncGenerator[str]) -> None:
    """Read what follows the last event, usually nothing, so that the connection can be used again."""
    with anyio.move_on_after(LINGER):
        async for _ in events:
            pass


async def _bounded(response: httpx.Response) -> AsyncIterator[bytes]:
    """Read an answer, up to a bound."""
    read = 0
    async for piece in response.aiter_raw():
        read += len(piece)
        if read > MAX_ANSWER:
            raise Failed("invalid-answer")
        yield piece


async def _first_bytes(response: httpx.Response) -> bytes:
    """Read as much of an error body as counts; that it breaks off does not matter."""
    content = b""
    try:
        async for piece in response.aiter_raw():
            content += piece
            if len(content) > MAX_BODY:
                return b""
    except httpx.HTTPError:
        return b""
    return content


def _retry_after(value: str) -> float | None:
    """Read Retry-After as seconds or a date; anything else counts as not said."""
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
