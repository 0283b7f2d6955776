"""Stopping without cutting anyone off: not ready first, then no new connections, then an end in peace."""

import asyncio
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import cast

import uvicorn

from web.http import BoundedHttp

STOPPING = "stopping"
"""Name in a request's state that is there once the service was told to stop."""
BACKLOG = 2048
"""Connections that may wait to be taken."""
LAST_CALL_S = 0.1
"""From the end of listening until idle connections are closed: what was sent just before is read by then."""


class PoliteServer(uvicorn.Server):
    """A server that SIGTERM and SIGINT stop with exit code 0; a second SIGINT stops it at once.

    For `drain_seconds` it says that it is not ready, so that whoever distributes requests sends no more, and
    answers those that come all the same, each on a connection that it closes. Then it refuses connections
    and finishes what is in flight, for at most `timeout_graceful_shutdown` seconds of its configuration.
    """

    def __init__(self, config: uvicorn.Config, drain_seconds: float) -> None:
        super().__init__(config)
        self._drain_seconds = drain_seconds
        self._listeners: list[socket.socket] = []

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to stop; call it from the main thread."""
        for number in (signal.SIGINT, signal.SIGTERM):
            # uvicorn raises the signal again when it is done, for whoever handled it before: that is us.
            signal.signal(number, self.handle_exit)
        self._listeners = sockets or []
        super().run(sockets)

    async def main_loop(self) -> None:
        """Serve, and once told to stop, prepare for it."""
        await super().main_loop()
        self.lifespan.state[STOPPING] = True
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        await self._pause(self._drain_seconds)
        await self._stop_listening()
        await self._pause(LAST_CALL_S)

    async def _stop_listening(self) -> None:
        """Refuse connections from now on, but take those that were made already: they would be reset."""
        made = [connection for listener in self._listeners for connection in _waiting(listener)]
        for server in self.servers:
            server.close()
        for listener in self._listeners:
            listener.close()  # too, or connections would wait in a socket that nobody looks at any more
        accept = asyncio.get_running_loop().connect_accepted_socket
        taken = await asyncio.gather(
            *(accept(self._protocol, connection) for connection in made), return_exceptions=True
        )
        for connection, result in zip(made, taken, strict=True):
            if isinstance(result, OSError):  # it was gone already
                connection.close()

    def _protocol(self) -> asyncio.Protocol:
        # As uvicorn makes one; there is no TLS here.
        kind = cast("type[BoundedHttp]", self.config.http_protocol_class)
        return kind(self.config, self.server_state, self.lifespan.state)

    async def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self.force_exit and (left := end - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 0.05))


def _waiting(listener: socket.socket) -> Iterator[socket.socket]:
    """Yield the connections that nobody has taken yet, no more than can wait: a crowd may never end."""
    listener.setblocking(False)
    with suppress(OSError):  # none is left, or no more files may be opened
        for _ in range(BACKLOG):
            with suppress(ConnectionAbortedError):
                yield listener.accept()[0]
