"""A bounded number of requests inside the service, and of threads that work on them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, TypeVarTuple

import anyio
import anyio.to_thread

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


class QueueFull(Exception):
    """As many requests are inside as may be; this one has to come again later."""


class Queue:
    """Admits `threads + waiting` requests at a time and works on `threads` of them, off the event loop."""

    def __init__(self, threads: int, waiting: int) -> None:
        self._limiter = anyio.CapacityLimiter(threads)
        self._places = threads + waiting
        self.inside = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place, from before the body is read, because bodies in memory are what must be bounded.

        Raises:
            QueueFull: when none is free.
        """
        if self.inside == self._places:
            raise QueueFull("The service is busy. Send the image again in a few seconds.")
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1

    async def run(self, work: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        """Run `work` in one of the threads, when its turn has come."""
        return await anyio.to_thread.run_sync(work, *arguments, limiter=self._limiter)
