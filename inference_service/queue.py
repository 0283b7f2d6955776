"""How many requests may be inside the service: so many that the last of them is still answered in time."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import TypeVar, TypeVarTuple

import anyio
import anyio.to_thread

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

SAMPLES = 31
"""Requests whose median is the pace, so that a few slow images do not shut the door."""


BUSY = "The service is busy. Send the image again in a few seconds."


class QueueFull(Exception):
    """As many requests are inside as may be; this one has to come again later."""


class Pace:
    """Seconds that the service takes for each request when it is busy, from what the last ones took.

    Who began with k requests at work, itself among them, and took t seconds, took t / k for each of them.
    """

    def __init__(self) -> None:
        self._samples: deque[float] = deque(maxlen=SAMPLES)
        self._working = 0

    @contextmanager
    def measure(self) -> Iterator[None]:
        """Count a request as at work meanwhile, its upload not included, and take its time if it succeeds."""
        self._working += 1
        among, begun = self._working, time.monotonic()
        try:
            yield
            self.note(time.monotonic() - begun, among)
        finally:
            self._working -= 1

    def note(self, seconds: float, among: int) -> None:
        """Take the time of one request."""
        self._samples.append(seconds / among)

    @property
    def seconds(self) -> float:
        """The pace; 0 until it is known."""
        return median(self._samples) if self._samples else 0.0


class Queue:
    """Admits requests, and works on `threads` of them at a time, off the event loop.

    Args:
        threads: Images that are worked on at a time.
        waiting: Requests that may wait beside them at most.
        seconds: How long the last one to be admitted may have to wait; fewer may wait where the pace says so,
            but one always may. Whose upload takes longer than that is not waited for, so it does not count.
        max_bytes: Of all bodies inside together; a single one may be larger.
    """

    def __init__(
        self, threads: int, waiting: int, *, seconds: float = float("inf"), max_bytes: float = float("inf")
    ) -> None:
        self._limiter = anyio.CapacityLimiter(threads)
        self._least, self._most = threads + min(waiting, 1), threads + waiting
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._bytes = 0
        self._arriving: dict[object, float] = {}
        self.inside = 0
        self.pace = Pace()

    @property
    def places(self) -> int:
        """Requests that may be at work or wait for it just now."""
        pace = self.pace.seconds
        if pace * self._most <= self._seconds:
            return self._most
        return max(self._least, int(self._seconds / pace))

    def has_room(self, size: int = 0) -> bool:
        """Whether there is a place for a body of at most `size` bytes."""
        fits = not self.inside or self._bytes + size <= self._max_bytes
        return fits and self.inside < self._most and self.inside - self._late() < self.places

    def _late(self) -> int:
        """Count the requests whose upload takes long: they hold memory, but nobody waits behind them."""
        before = time.monotonic() - self._seconds
        return sum(began < before for began in self._arriving.values())

    @contextmanager
    def place(self, size: int = 0) -> Iterator[Callable[[], None]]:
        """Hold a place, from before a body of at most `size` bytes is read: they are what fills memory.

        Yields:
            What to call when the body is there; if that took long and nobody more may wait, QueueFull comes.

        Raises:
            QueueFull: when none is free.
        """
        if not self.has_room(size):
            raise QueueFull(BUSY)
        key = object()
        self.inside += 1
        self._bytes += size
        self._arriving[key] = time.monotonic()

        def arrived() -> None:
            late = self._late()
            self._arriving.pop(key, None)
            if self._late() < late and self.inside - self._late() > self.places:
                raise QueueFull(BUSY)

        try:
            yield arrived
        finally:
            self._arriving.pop(key, None)
            self.inside -= 1
            self._bytes -= size

    async def run(self, work: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        """Run `work` in one of the threads, when its turn has come."""
        return await anyio.to_thread.run_sync(work, *arguments, limiter=self._limiter)
