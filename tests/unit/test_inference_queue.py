"""How many requests may be inside the service at a time."""

import threading
import time
from contextlib import ExitStack

import anyio
import pytest

from inference_service.queue import SAMPLES, Queue, QueueFull


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


def paced(seconds, requests=SAMPLES, wait=1.0):
    """A queue whose last requests took so many seconds each."""
    queue = Queue(threads=2, waiting=98, seconds=wait, max_bytes=1000)
    for _ in range(requests):
        queue.pace.note(seconds, 1)
    return queue


def test_until_the_pace_is_known_as_many_are_admitted_as_ever_may_be():
    assert Queue(threads=2, waiting=98, seconds=1.0).places == 100


@pytest.mark.parametrize(("seconds", "places"), [(0.001, 100), (0.02, 50), (0.1, 10), (5.0, 3)])
def test_so_many_are_admitted_that_the_last_is_answered_in_time(seconds, places):
    assert paced(seconds).places == places


def test_uploads_that_take_long_take_no_place_of_those_at_work():
    queue = paced(0.05, wait=0.15)
    assert queue.places == 3
    with ExitStack() as held:
        uploads = [held.enter_context(queue.place()) for _ in range(3)]
        assert not queue.has_room()
        time.sleep(0.2)
        with queue.place(), queue.place(), queue.place():
            assert not queue.has_room()
            with pytest.raises(QueueFull):
                uploads[0]()  # it came after all, but others wait by now
        uploads[1]()
        with queue.place():
            assert not queue.has_room()
    assert queue.inside == 0


def test_uploads_that_take_long_are_no_more_than_may_wait_at_all():
    queue = Queue(threads=1, waiting=2, seconds=0.01)
    with queue.place(), queue.place(), queue.place():
        time.sleep(0.02)
        assert not queue.has_room()


def test_a_few_slow_images_do_not_shut_the_door():
    queue = paced(0.02)
    for _ in range(SAMPLES // 3):
        queue.pace.note(20.0, 1)
    assert queue.places == 50


def test_who_works_among_others_took_its_share_of_the_time():
    queue = Queue(threads=2, waiting=98, seconds=1.0)
    queue.pace.note(0.8, 8)
    assert queue.pace.seconds == pytest.approx(0.1)


def test_the_pace_is_taken_of_what_succeeds():
    queue = Queue(threads=2, waiting=98)
    with pytest.raises(ZeroDivisionError), queue.pace.measure():
        raise ZeroDivisionError
    assert queue.pace.seconds == 0
    with queue.pace.measure():
        time.sleep(0.002)
    assert queue.pace.seconds >= 0.002


def test_bodies_inside_are_bounded_together_but_a_large_one_is_admitted_alone():
    queue = paced(0.001)
    with queue.place(600):
        with queue.place(400), pytest.raises(QueueFull), queue.place(1):
            pass
        with pytest.raises(QueueFull), queue.place(401):
            pass
    with queue.place(5000):
        assert queue.inside == 1
    assert queue.inside == 0
