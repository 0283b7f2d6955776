"""What waits when the model becomes free is computed together; nothing waits for company.

On a CPU each lane computes on one core. Two images side by side on a core each take less time than one after
the other on both, and threads that wait for each other at every layer stand still where anything else wants a
core: an image of 6 ms then took 68.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeVar

import anyio

Item = TypeVar("Item")
Result = TypeVar("Result")
CPU_BATCH, GPU_BATCH = 2, 32
Compute = Callable[[Sequence[Item]], Sequence[Result | Exception]]
"""Computes a batch; an item that fails has its error in the place of its result."""


class Plan(NamedTuple):
    """How batches are computed."""

    lanes: int
    """Batches that are computed side by side."""
    max_batch: int
    """Most items of a batch."""


def plan(cores: int, max_batch: int | None = None, *, gpu: bool = False) -> Plan:
    """Return how to make the most of a machine.

    A CPU gives each lane a core of its own. A GPU computes one batch after the other, large ones fastest,
    while the next is made ready: two lanes.
    """
    return Plan(2, max_batch or GPU_BATCH) if gpu else Plan(cores, max_batch or CPU_BATCH)


class _Ticket(Generic[Item, Result]):
    """One item that waits, and what became of it."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.is_abandoned = False
        self._done = anyio.Event()
        self._outcome: Result | Exception | None = None

    def settle(self, outcome: Result | Exception) -> None:
        self._outcome = outcome
        self._done.set()

    async def wait(self) -> Result:
        try:
            await self._done.wait()
        except BaseException:
            self.is_abandoned = True  # cancelled: nobody would read the result
            raise
        if isinstance(self._outcome, Exception):
            raise self._outcome
        assert self._outcome is not None  # noqa: S101 - narrows the type: it was settled
        return self._outcome


class Batching(Generic[Item, Result]):
    """Hands items in batches to a few threads that compute; call it from the event loop only.

    How much may wait is for the caller to bound.

    Args:
        compute: Called in one of the threads, with a batch.
        how: How many of them there are, and how large batches become.
        computed: Told of the size of every batch.
    """

    def __init__(
        self,
        compute: Compute[Item, Result],
        how: Plan,
        computed: Callable[[int], None],
    ) -> None:
        self._compute = compute
        self._lanes, self._max_batch = how
        self._computed = computed
        self._waiting: deque[_Ticket[Item, Result]] = deque()
        self._arrival = anyio.Event()

    async def compute(self, item: Item) -> Result:
        """Have one item computed, with what waits beside it.

        Raises:
            Exception: what `compute` raised, or returned in the place of this item.
        """
        ticket = _Ticket[Item, Result](item)
        self._waiting.append(ticket)
        self._arrival.set()
        return await ticket.wait()

    async def run(self) -> None:
        """Compute until cancelled; what is being computed then comes to its end first."""
        # Threads of its own: what torch and its libraries keep for each thread is kept only once.
        with ThreadPoolExecutor(self._lanes, "model") as threads:
            async with anyio.create_task_group() as tasks:
                for _ in range(self._lanes):
                    tasks.start_soon(self._work, threads)

    async def _work(self, threads: ThreadPoolExecutor) -> None:
        while True:
            batch = self._take()
            if not batch:
                self._arrival = anyio.Event() if self._arrival.is_set() else self._arrival
                await self._arrival.wait()
                continue
            await self._settle(batch, threads)

    def _take(self) -> list[_Ticket[Item, Result]]:
        """Take this lane's share of what waits, the longest waiting first."""
        share = min(math.ceil(len(self._waiting) / self._lanes), self._max_batch)
        taken = [self._waiting.popleft() for _ in range(share)]
        return [ticket for ticket in taken if not ticket.is_abandoned]

    async def _settle(self, batch: list[_Ticket[Item, Result]], threads: ThreadPoolExecutor) -> None:
        items = [ticket.item for ticket in batch]
        outcomes: Sequence[Result | Exception]
        try:
            outcomes = await asyncio.get_running_loop().run_in_executor(threads, self._compute, items)
        except Exception as error:  # each caller is told, and the lane goes on
            outcomes = [error] * len(batch)
        self._computed(len(batch))
        for ticket, outcome in zip(batch, outcomes, strict=True):
            ticket.settle(outcome)
