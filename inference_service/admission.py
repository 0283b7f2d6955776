"""Letting a request in, or refusing it cheaply: its body is not kept, and its sender sees the answer."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import anyio
from starlette.requests import Request

from inference_service.queue import Queue, QueueFull
from web.drain import drain

PAUSE_S = 0.25
"""How long a refusal is held back: clients that ask again at once would take the cores from those let in."""


@asynccontextmanager
async def admit(request: Request, queue: Queue, body_limit: int) -> AsyncIterator[None]:
    """Hold a place for a request from before its body is read.

    Args:
        request: Whose body has not been read yet.
        queue: Where the place is.
        body_limit: Bytes of its body at most.

    Raises:
        QueueFull: when there is none, after the body has been discarded.
    """
    announced = request.headers.get("content-length", "")
    size = int(announced) if announced.isascii() and announced.isdigit() else body_limit
    with ExitStack() as stack:
        try:
            stack.enter_context(queue.place(min(size, body_limit)))
        except QueueFull:
            await drain(request.receive, limit=body_limit)
            await anyio.sleep(PAUSE_S)
            raise
        yield
