"""How many requests may be inside the service at a time."""

import threading
import time

import anyio
import pytest

from inference_service.queue import Queue, QueueFull


def test_places_are_given_back_also_after_errors():
    async def visit():
        queue = Queue(threads=1, waiting=0)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError), queue.place():
                raise ZeroDivisionError
        with queue.place(), pytest.raises(QueueFull, match="few seconds"), queue.place():
            pass

    anyio.run(visit)


def test_no_more_work_runs_at_a_time_than_there_are_threads():
    running, most, lock = 0, 0, threading.Lock()

    def work():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.03)
        with lock:
            running -= 1

    async def visit():
        queue = Queue(threads=2, waiting=6)
        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(queue.run, work)

    anyio.run(visit)
    assert most == 2
