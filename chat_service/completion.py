"""One chat completion from Mistral: bounded in time, size and attempts.

Error bodies are never read: their shape changes from one deployment to the next, a 422 echoes the prompt,
and the status says all that is needed. Nothing of a request or an answer is logged.
"""

import logging
import random
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import anyio
import httpx
from pydantic import BaseModel, ValidationError

from chat_service.engine import NoAnswer, Reason
from chat_service.settings import MistralSettings

logger = logging.getLogger(__name__)

MAX_ANSWER = 1_000_000
"""Largest answer in bytes that is read."""
BACKOFF = 0.5
"""Longest first pause in seconds; it doubles with each attempt, and a random share of it is waited."""
TOO_MANY = 429
RETRIED = {TOO_MANY, 500, 502, 503, 504}
REASONS: Mapping[int, Reason] = {401: "unauthorized", TOO_MANY: "rate-limited"}


class Delayed(Exception):
    """An attempt failed that may be repeated; `pause` is what the other side asked for, in seconds."""

    def __init__(self, reason: Reason, pause: float | None = None) -> None:
        super().__init__(reason)
        self.reason: Reason = reason
        self.pause = pause


class _Lenient(BaseModel):
    """A part of an answer; what we do not need is not looked at."""


class _Chunk(_Lenient):
    type: str = "text"
    text: str = ""


class _Message(_Lenient):
    content: str | list[_Chunk] | None = None


class _Choice(_Lenient):
    message: _Message
    finish_reason: str | None = None


class _Completion(_Lenient):
    choices: list[_Choice]


def open_client(settings: MistralSettings, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """Open the connection pool; redirects are not followed, so the key goes to one host only."""
    timeout = httpx.Timeout(
        settings.read_timeout_s, connect=settings.connect_timeout_s, pool=settings.deadline_s
    )
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    # A compressed answer could unfold beyond any bound.
    headers = {"Authorization": f"Bearer {key}", "Accept": "application/json", "Accept-Encoding": "identity"}
    limits = httpx.Limits(
        max_connections=settings.max_connections, max_keepalive_connections=settings.max_connections
    )
    return httpx.AsyncClient(
        base_url=settings.base_url, headers=headers, timeout=timeout, limits=limits, transport=transport
    )


async def complete(client: httpx.AsyncClient, settings: MistralSettings, body: dict[str, Any]) -> str:
    """Return the text of a completion.

    Raises:
        NoAnswer: when it is late, refused or broken; within `deadline_s` in any case.
    """
    try:
        with anyio.fail_after(settings.deadline_s):
            return _text(await _repeated(client, settings, body))
    except TimeoutError as error:
        raise NoAnswer("timeout") from error


async def _repeated(client: httpx.AsyncClient, settings: MistralSettings, body: dict[str, Any]) -> bytes:
    """Ask until there is an answer, the attempts are used up, or a pause would outlast the deadline."""
    for attempt in range(1, settings.max_attempts + 1):
        try:
            return await _ask(client, body)
        except Delayed as error:
            jitter = random.uniform(0, BACKOFF * 2 ** (attempt - 1))  # noqa: S311 - spreads load, no secret
            pause = jitter if error.pause is None else error.pause
            left = anyio.current_effective_deadline() - anyio.current_time()
            if attempt == settings.max_attempts or pause >= left:
                raise NoAnswer(error.reason) from error
            logger.info("asking Mistral again after %s", error.reason)
            await anyio.sleep(pause)
    raise AssertionError("max_attempts is at least 1")


async def _ask(client: httpx.AsyncClient, body: dict[str, Any]) -> bytes:
    """Send one request; only what surely did not cost an answer may be repeated."""
    try:
        async with client.stream("POST", "/v1/chat/completions", json=body) as response:
            if response.status_code in RETRIED:
                reason = REASONS.get(response.status_code, "upstream-error")
                raise Delayed(reason, _retry_after(response.headers.get("Retry-After", "")))
            if response.status_code != httpx.codes.OK:
                raise NoAnswer(_refusal(response.status_code))
            return await _read(response)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise Delayed("upstream-error") from error
    except httpx.TimeoutException as error:
        raise NoAnswer("timeout") from error
    except httpx.HTTPError as error:
        raise NoAnswer("upstream-error") from error


def _refusal(status: int) -> Reason:
    if status in REASONS:
        return REASONS[status]
    return "refused" if httpx.codes.is_client_error(status) else "upstream-error"


async def _read(response: httpx.Response) -> bytes:
    """Read an answer up to a bound."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise NoAnswer("invalid-answer")
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > MAX_ANSWER:
            raise NoAnswer("invalid-answer")
    return bytes(content)


def _text(content: bytes) -> str:
    """Take the text out of a completion: text chunks are joined, thinking is dropped, cut text is refused."""
    try:
        choices = _Completion.model_validate_json(content).choices
    except ValidationError as error:
        raise NoAnswer("invalid-answer") from error
    if not choices or choices[0].finish_reason != "stop":
        raise NoAnswer("invalid-answer")
    message = choices[0].message.content or ""
    if isinstance(message, str):
        return message
    return "".join(chunk.text for chunk in message if chunk.type == "text")


def _retry_after(value: str) -> float | None:
    """Read Retry-After as seconds or a date; anything else counts as not said."""
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
