"""`python -m gateway`: pass connections in and out until told to stop; everything is set by environment."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

from gateway.entrance import enter
from gateway.proxy import leave
from gateway.relay import PIECE, Connection
from gateway.settings import SettingInvalid, Settings, read_settings

MOST = 1000
"""Connections at once; more are closed at once."""
ANYWHERE = "0.0.0.0"  # noqa: S104 - which ports are published, and where, is said by docker-compose.yml

Handle = Callable[[Connection], Awaitable[None]]


class Door:
    """Hands connections on, so many at once."""

    def __init__(self, most: int = MOST) -> None:
        self._left = most

    def to(self, handle: Handle) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        """Return what asyncio calls for each connection."""

        async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = Connection(reader, writer)
            if self._left <= 0:
                await connection.close()
                return
            self._left -= 1
            try:
                await handle(connection)
            finally:
                self._left += 1
                await connection.close()

        return receive


async def serve(settings: Settings, host: str = ANYWHERE, door: Door | None = None) -> None:
    """Listen until cancelled."""
    door = door or Door()
    ways: list[tuple[int, Handle]] = [
        (port, partial(enter, room=room)) for port, room in settings.entrances.items()
    ]
    ways.append((settings.proxy_port, partial(leave, allowed=settings.exit)))
    async with AsyncExitStack() as stack:
        for port, handle in ways:
            server = await asyncio.start_server(door.to(handle), host, port, limit=PIECE)
            await stack.enter_async_context(server)
        await asyncio.get_running_loop().create_future()


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C; connections end with the process."""
    task = asyncio.create_task(serve(settings))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


def main() -> int:
    """Return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        asyncio.run(run(read_settings(os.environ)))
    except SettingInvalid as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
