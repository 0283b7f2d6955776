"""Bytes from one connection to another, both ways, bounded in memory and silence."""

import asyncio
from contextlib import suppress
from typing import NamedTuple

PIECE = 64 * 1024
SILENCE_S = 3600.0
"""A connection on which nothing was said for so long is given up; those of the page are quiet at times."""
CONNECT_S = 5.0


class Connection(NamedTuple):
    """Both halves of a connection, as asyncio hands them out."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def close(self) -> None:
        """Close it, whatever state it is in."""
        self.writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(CONNECT_S):
                await self.writer.wait_closed()


async def connect(host: str, port: int) -> Connection:
    """Connect, looking the name up anew: a container that was started again has another address.

    Raises:
        OSError: if nobody answers there, TimeoutError among them.
    """
    async with asyncio.timeout(CONNECT_S):
        return Connection(*await asyncio.open_connection(host, port, limit=PIECE))


async def relay(one: Connection, other: Connection) -> None:
    """Pass on what each side says until both have ended, or either broke off."""
    heard = [asyncio.get_running_loop().time()]
    there = asyncio.create_task(_pump(one.reader, other.writer, heard))
    back = asyncio.create_task(_pump(other.reader, one.writer, heard))
    try:
        await asyncio.gather(there, back)
    except (OSError, TimeoutError):
        pass
    finally:
        there.cancel()
        back.cancel()
        await asyncio.gather(there, back, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: list[float]) -> None:
    """Pass on one way; `heard` is when something was last said on either."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            async with asyncio.timeout_at(heard[0] + SILENCE_S):
                piece = await reader.read(PIECE)
        except TimeoutError:
            if loop.time() < heard[0] + SILENCE_S:
                continue  # the other way was not silent
            raise
        heard[0] = loop.time()
        if not piece:
            if writer.can_write_eof():
                writer.write_eof()
            return
        writer.write(piece)
        await writer.drain()
