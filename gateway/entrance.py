"""The way in: a published port that leads to one room."""

import asyncio
import json
import logging
from contextlib import suppress

from gateway.relay import PIECE, Connection, connect, relay
from gateway.settings import Address

logger = logging.getLogger(__name__)

LISTEN_S = 2.0
"""How long what is sent meanwhile is thrown away: who is still sending would not read an answer otherwise."""
PROBLEM = json.dumps(
    {
        "type": "/problems/not-ready",
        "title": "The service is not ready",
        "status": 503,
        "detail": "It is being started, or has failed and will be started again. Ask again in some seconds.",
    }
).encode()
NOT_READY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 5\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(PROBLEM), PROBLEM)
)


async def enter(caller: Connection, room: Address) -> None:
    """Lead a caller to a room, or say that nobody answers there."""
    try:
        service = await connect(*room)
    except OSError:
        logger.info("%s does not answer", room.host)
        await _excuse(caller)
        return
    try:
        await relay(caller, service)
    finally:
        await service.close()


async def _excuse(caller: Connection) -> None:
    with suppress(OSError, TimeoutError):
        caller.writer.write(NOT_READY)
        await caller.writer.drain()
        caller.writer.write_eof()
        async with asyncio.timeout(LISTEN_S):
            while await caller.reader.read(PIECE):
                pass
