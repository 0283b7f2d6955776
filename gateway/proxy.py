"""The way out: an HTTP proxy that connects to one place and to no other.

It knows `CONNECT`, for https, and requests with a whole URL, for a server of one's own without TLS. What was
sent is not looked into: that the chat service sends nothing of a patient is the chat service's affair.
"""

import asyncio
import logging
from contextlib import suppress

from gateway.relay import Connection, connect, relay
from gateway.settings import Address, address_of

logger = logging.getLogger(__name__)

HEAD_S = 10.0
"""How long the head of a request may take; it has 64 KiB at most."""
REFUSED = b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
UNREACHED = b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
CONNECTED = b"HTTP/1.1 200 Connection established\r\n\r\n"


async def leave(caller: Connection, allowed: Address) -> None:
    """Lead a caller out, if it wants to go where it may."""
    try:
        async with asyncio.timeout(HEAD_S):
            head = await caller.reader.readuntil(b"\r\n\r\n")
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return
    method, _, rest = head.partition(b" ")
    target = rest.partition(b" ")[0].decode("latin-1")
    tunnel = method == b"CONNECT"
    if find_address(target, tunnel=tunnel) != allowed:
        logger.warning("refused a way to another place than %s:%d", *allowed)
        await _say(caller, REFUSED)
        return
    try:
        server = await connect(*allowed)
    except OSError:
        logger.warning("%s:%d cannot be reached", *allowed)
        await _say(caller, UNREACHED)
        return
    try:
        # Servers must take a whole URL as well as a path (RFC 9112, section 3.2.2), so it is passed as it is.
        (caller if tunnel else server).writer.write(CONNECTED if tunnel else head)
        await relay(caller, server)
    finally:
        await server.close()


def find_address(target: str, *, tunnel: bool) -> Address | None:
    """Return where a request wants to go: `host:port` for a tunnel, else a URL without TLS."""
    if tunnel:
        return address_of(f"https://{target}") if "/" not in target and "@" not in target else None
    return address_of(target) if target.lower().startswith("http://") else None


async def _say(caller: Connection, answer: bytes) -> None:
    with suppress(OSError):
        caller.writer.write(answer)
        await caller.writer.drain()
