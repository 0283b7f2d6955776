"""Letting a request in, or refusing it cheaply: its body is not kept, and its sender sees the answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from types import SimpleNamespace

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from inference_service.queue import BUSY, Queue, QueueFull
from web.drain import drain
from web.problems import ProblemKind, problem_response

REFUSED = ProblemKind(503, "busy", "The service is busy", BUSY)
RETRY_AFTER = {"Retry-After": "5"}
PAUSE_S = 0.25
"""How long a refusal is held back: clients that ask again at once would take the cores from those let in."""


@asynccontextmanager
async def admit(request: Request, queue: Queue, body_limit: int) -> AsyncIterator[Callable[[], None]]:
    """Hold a place for a request from before its body is read.

    Args:
        request: Whose body has not been read yet.
        queue: Where the place is.
        body_limit: Bytes of its body at most.

    Yields:
        What to call when the body is there.

    Raises:
        QueueFull: when there is none, after the body has been discarded; rare, as `Door` comes first.
    """
    with ExitStack() as stack:
        try:
            arrived = stack.enter_context(queue.place(_size(request, body_limit)))
        except QueueFull:
            await _turn_away(request.receive, body_limit)
            raise
        yield arrived


class Door:
    """ASGI middleware: refuses what there is no place for before keys, routes and forms are looked at.

    Args:
        app: What is behind it.
        queue: Where the places are.
        limits: The paths that need a place, and the bytes of a body there at most.
    """

    def __init__(self, app: ASGIApp, queue: Queue, limits: Mapping[str, int]) -> None:
        self._app = app
        self._queue = queue
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        limit = self._limits.get(scope["path"]) if scope["type"] == "http" else None
        if limit is None or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if self._queue.has_room(_size(request, limit)):
            await self._app(scope, receive, send)
            return
        scope["route"] = SimpleNamespace(path=scope["path"])  # one of our own, for logs and metrics
        await _turn_away(receive, limit)
        await problem_response(request, REFUSED, BUSY, RETRY_AFTER)(scope, receive, send)


async def _turn_away(receive: Receive, limit: int) -> None:
    await drain(receive, limit=limit)
    await asyncio.sleep(PAUSE_S)


def _size(request: Request, body_limit: int) -> int:
    """Return the bytes that a body will have, as far as it says so, else those that it may have."""
    announced = request.headers.get("content-length", "")
    size = int(announced) if announced.isascii() and announced.isdigit() else body_limit
    return min(size, body_limit)
