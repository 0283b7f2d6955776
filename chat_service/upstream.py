"""Asking Mistral, or a server of the same protocol: bounded in time, size, attempts and crowd.

Nothing of a request or an answer is logged.
"""

import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx

from chat_service.body import TooLarge
from chat_service.breaker import Breaker, Broken
from chat_service.engine import NoAnswer
from chat_service.metrics import MistralMetrics
from chat_service.reception import Delayed, Failed, Hear, Receiver
from chat_service.settings import MistralSettings
from chat_service.slots import Slots

logger = logging.getLogger(__name__)

PATH = "/v1/chat/completions"
BACKOFF = 0.5
"""Longest first pause in seconds; it doubles with each attempt, and a random share of it is waited."""


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
        self._receiver = Receiver(metrics)
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
            return await self._receiver.receive(response, hear)
        except TooLarge as error:
            raise Failed("invalid-answer") from error
        except httpx.TimeoutException as error:
            raise Failed("timeout") from error
        except httpx.HTTPError as error:
            raise Failed("upstream-error") from error
        finally:
            await response.aclose()
