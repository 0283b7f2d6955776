"""Clients that send images to 127.0.0.1: as little Python as possible, since they share the cores."""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

HOST = "127.0.0.1"
BOUNDARY = "bench"
TIMEOUT_S = 60.0
MOST_CONNECTIONS = 2000


@dataclass
class Result:
    """What became of the requests of one run."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    """Seconds of each request that was answered with 200."""
    statuses: dict[int, int] = field(default_factory=dict)
    """How many there were of each; 0 counts those without an answer."""
    without_retry_after: int = 0
    """Answers 503 that do not say when to come again."""

    @property
    def per_second(self) -> float:
        """Requests answered with 200 a second."""
        return len(self.times) / self.seconds

    def quantile(self, share: float) -> float:
        """Return the seconds that this share of the requests answered with 200 stayed within."""
        return float(np.quantile(self.times, share)) if self.times else float("nan")

    @property
    def mean(self) -> float:
        """Mean seconds of the requests answered with 200."""
        return float(np.mean(self.times)) if self.times else float("nan")

    def note(self, status: int, seconds: float, head: bytes) -> None:
        """Count one request."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == 200:  # noqa: PLR2004 - as HTTP has it
            self.times.append(seconds)
        elif status == 503 and b"retry-after:" not in head.lower():  # noqa: PLR2004
            self.without_retry_after += 1


def request_of(data: bytes, path: str = "/predict") -> bytes:
    """Return a whole request that uploads one file."""
    disposition = 'Content-Disposition: form-data; name="file"; filename="a"\r\n'
    opening = f"--{BOUNDARY}\r\n{disposition}Content-Type: application/octet-stream\r\n\r\n"
    body = opening.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    )
    return head.encode() + body


class Connection:
    """One connection to a server, opened again where the server closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Return status and head of the answer; status 0 if there was none."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._send(request)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            self.close()
            return 0, b""

    async def _send(self, request: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(HOST, self._port)
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        await reader.readexactly(int(fields[b"content-length"]))
        if fields.get(b"connection") == b"close":
            self.close()
        return int(head.split(b" ", 2)[1]), head

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def press(port: int, requests: Sequence[bytes], clients: int, seconds: float) -> Result:
    """Have so many clients send one request after the other, each as soon as the last is answered."""
    result, turn, begun = Result(), itertools.cycle(requests), time.perf_counter()

    async def ask() -> None:
        connection = Connection(port)
        while (start := time.perf_counter()) < begun + seconds:
            status, head = await connection.send(next(turn))
            result.note(status, time.perf_counter() - start, head)
        connection.close()

    await asyncio.gather(*(ask() for _ in range(clients)))
    result.seconds = time.perf_counter() - begun
    return result


async def pour(port: int, requests: Sequence[bytes], rate: float, seconds: float) -> Result:
    """Send so many requests a second, evenly, whether or not those before are answered; once each."""
    result, turn, begun = Result(), itertools.cycle(requests), time.perf_counter()
    idle: list[Connection] = []
    sent: set[asyncio.Task[None]] = set()

    async def ask() -> None:
        connection = idle.pop() if idle else Connection(port)
        start = time.perf_counter()
        status, head = await connection.send(next(turn))
        result.note(status, time.perf_counter() - start, head)
        idle.append(connection)

    for number in range(int(rate * seconds)):
        await _sleep_until(begun + number / rate)
        if len(sent) < MOST_CONNECTIONS:
            task = asyncio.create_task(ask())
            sent.add(task)
            task.add_done_callback(sent.discard)
    await asyncio.gather(*sent)
    result.seconds = time.perf_counter() - begun
    for connection in idle:
        connection.close()
    return result


async def _sleep_until(moment: float, clock: Callable[[], float] = time.perf_counter) -> None:
    if (left := moment - clock()) > 0:
        await asyncio.sleep(left)
