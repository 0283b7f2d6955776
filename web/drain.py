"""Reading on without keeping anything, so that an ordinary client sees the answer and no reset."""

import asyncio
import time
from contextlib import suppress

from starlette.types import Receive

DRAIN_SECONDS = 5.0
"""How long the body of a refused request is read on."""


async def drain(receive: Receive, *, limit: int, seconds: float = DRAIN_SECONDS) -> bool:
    """Discard the rest of a body, bounded in bytes and time; return whether it came to its end."""
    left, deadline = limit, time.monotonic() + seconds
    with suppress(TimeoutError):
        # Not anyio's: past saturation most requests come here, and its scopes cost as much as the rest.
        async with asyncio.timeout(seconds):
            while left > 0 and time.monotonic() < deadline:
                message = await receive()
                left -= len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return True
    return False
