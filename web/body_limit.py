"""A bound on request bodies that holds while they arrive, whatever Content-Length claims."""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.drain import drain
from web.problems import BODY_TOO_LARGE, problem_response

DRAIN_BYTES, DRAIN_SECONDS = 250_000_000, 30.0
"""How far a refused body is read on at least and at most: curl shows no answer to who is still sending."""


class BodyLimit:
    """ASGI middleware: answers 413, naming the limit, as soon as a body is larger than it may be.

    Args:
        app: What is behind it.
        limit: Bytes of a body.
        others: Bytes at paths that have a limit of their own.
    """

    def __init__(self, app: ASGIApp, limit: int, others: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._limit = limit
        self._others = others or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._others.get(scope["path"], self._limit)
        if _announced(scope) > limit:
            await _discard(receive, limit)
            response = problem_response(
                Request(scope), BODY_TOO_LARGE, _detail(limit), {"Connection": "close"}
            )
            await response(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                if message.get("more_body", False):
                    await _discard(receive, limit)
                raise HTTPException(413, _detail(limit), {"Connection": "close"})
            return message

        await self._app(scope, counted, send)


async def _discard(receive: Receive, limit: int) -> None:
    await drain(receive, limit=max(DRAIN_BYTES, 4 * limit), seconds=DRAIN_SECONDS)


def _detail(limit: int) -> str:
    return f"The body is larger than the limit of {limit} bytes. Send less."


def _announced(scope: Scope) -> int:
    """Return Content-Length, or 0 where it is missing or no number."""
    value = Headers(scope=scope).get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else 0
