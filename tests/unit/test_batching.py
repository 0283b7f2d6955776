"""What waits when the model becomes free is computed together."""

import threading
from contextlib import asynccontextmanager

import anyio
import pytest

from inference_service.batching import CPU_BATCH, GPU_BATCH, Batching, Plan, plan


class Doubling:
    """Doubles numbers once it is let go, and remembers in which batches."""

    def __init__(self, *, held=False):
        self.batches = []
        self.go_on = threading.Event()
        if not held:
            self.go_on.set()

    def __call__(self, batch):
        self.batches.append(list(batch))
        assert self.go_on.wait(10)
        return [ZeroDivisionError() if item == 0 else 2 * item for item in batch]


@asynccontextmanager
async def running(compute, how, computed=lambda _: None):
    batching = Batching(compute, how, computed)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(batching.run)
        yield batching
        tasks.cancel_scope.cancel()


async def until(condition):
    with anyio.fail_after(10):
        while not condition():
            await anyio.sleep(0.001)


async def ask(batching, items, compute):
    """Ask with one item, and with all others once that is being computed; return all answers in order."""
    answers = {}

    async def one(item):
        answers[item] = await batching.compute(item)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one, items[0])
        await until(lambda: compute.batches)
        for item in items[1:]:
            tasks.start_soon(one, item)
        await anyio.sleep(0.02)
        compute.go_on.set()
    return [answers[item] for item in items]


def run(compute, how, items):
    sizes = []

    async def visit():
        async with running(compute, how, sizes.append) as batching:
            return await ask(batching, items, compute)

    return anyio.run(visit), sizes


def test_what_waits_when_the_model_becomes_free_is_computed_together():
    compute = Doubling(held=True)
    answers, sizes = run(compute, Plan(1, 8), [1, 2, 3, 4])
    assert answers == [2, 4, 6, 8]
    assert compute.batches == [[1], [2, 3, 4]]
    assert sizes == [1, 3]


def test_no_batch_is_larger_than_it_may_be():
    _, sizes = run(Doubling(held=True), Plan(1, 2), [1, 2, 3, 4, 5, 6])
    assert sizes == [1, 2, 2, 1]


def test_lanes_share_what_waits():
    compute = Doubling(held=True)
    answers, _ = run(compute, Plan(2, 8), [1, 2, 3, 4, 5, 6])
    assert answers == [2, 4, 6, 8, 10, 12]
    # The free lane takes half of the five that wait, and leaves the rest to the other one.
    assert compute.batches[1] == [2, 3, 4]


def test_an_item_that_fails_costs_no_other_its_answer():
    async def visit():
        compute = Doubling(held=True)
        async with running(compute, Plan(1, 8)) as batching, anyio.create_task_group() as tasks:
            tasks.start_soon(batching.compute, 9)
            await until(lambda: compute.batches)
            answers = []

            async def good():
                answers.append(await batching.compute(5))

            async def bad():
                with pytest.raises(ZeroDivisionError):
                    await batching.compute(0)
                answers.append("bad")

            tasks.start_soon(good)
            tasks.start_soon(bad)
            await anyio.sleep(0.01)
            compute.go_on.set()
            await until(lambda: len(answers) == 2)
            assert compute.batches[1] == [5, 0]
            assert set(answers) == {10, "bad"}

    anyio.run(visit)


def test_a_batch_that_fails_is_told_to_all_and_the_next_one_is_computed():
    class Once(Doubling):
        def __call__(self, batch):
            answers = super().__call__(batch)
            if len(self.batches) == 1:
                raise MemoryError
            return answers

    async def visit():
        async with running(Once(), Plan(1, 8)) as batching:
            with pytest.raises(MemoryError):
                await batching.compute(1)
            assert await batching.compute(2) == 4

    anyio.run(visit)


def test_who_went_away_is_not_computed_for():
    async def visit():
        compute = Doubling(held=True)
        async with running(compute, Plan(1, 8)) as batching, anyio.create_task_group() as tasks:
            tasks.start_soon(batching.compute, 1)
            await until(lambda: compute.batches)
            with anyio.move_on_after(0.01):
                await batching.compute(2)
            tasks.start_soon(batching.compute, 3)
            await anyio.sleep(0.01)
            compute.go_on.set()
        assert compute.batches == [[1], [3]]

    anyio.run(visit)


def test_a_gpu_gets_larger_batches_and_two_lanes_and_a_cpu_a_lane_for_each_core():
    assert plan(4) == Plan(4, CPU_BATCH)
    assert plan(4, gpu=True) == Plan(2, GPU_BATCH)
    assert plan(4, 3, gpu=True).max_batch == 3
