"""Bodies of the upstream's answers, read up to a bound."""

from collections.abc import AsyncGenerator, AsyncIterator

import anyio
import httpx

from chat_service.sse import EventReader

MAX_ANSWER = 1_000_000
"""Largest answer in bytes that is read."""
MAX_REFUSAL = 65_536
"""Largest body of an error in bytes that is read."""
LINGER = 0.05
"""Seconds that a stream may stay open after its last event."""


class TooLarge(Exception):
    """An answer is larger than any that was asked for."""


async def read_bounded(response: httpx.Response) -> AsyncIterator[bytes]:
    """Read an answer piece by piece.

    Raises:
        TooLarge: beyond `MAX_ANSWER`.
    """
    read = 0
    async for piece in _pieces(response):
        read += len(piece)
        if read > MAX_ANSWER:
            raise TooLarge
        yield piece


async def events_of(response: httpx.Response) -> AsyncGenerator[str]:
    """Yield the data of each event of a stream.

    Raises:
        TooLarge: beyond `MAX_ANSWER`.
    """
    reader = EventReader()
    async for piece in read_bounded(response):
        for data in reader.feed(piece):
            yield data
    for data in reader.close():
        yield data


async def linger(events: AsyncGenerator[str]) -> None:
    """Read what follows the last event, usually nothing, so that the connection can be used again."""
    with anyio.move_on_after(LINGER):
        async for _ in events:
            pass


async def read_beginning(response: httpx.Response) -> bytes:
    """Read as much of an error body as counts; that it breaks off does not matter."""
    content = b""
    try:
        async for piece in _pieces(response):
            content += piece
            if len(content) > MAX_REFUSAL:
                return b""
    except httpx.HTTPError:
        return b""
    return content


async def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """Yield a body as it comes; a transport that is no network may have it at hand already."""
    if response.is_stream_consumed:
        yield response.content
        return
    async for piece in response.aiter_raw():
        yield piece
