"""The circuit breaker, with a clock that the test turns."""

import pytest

from chat_service.breaker import Breaker, Broken, UpstreamFailed


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker(failures=3, cooldown_s=10, clock=clock)


def fail(breaker, error=UpstreamFailed):
    with pytest.raises(error), breaker.call():
        raise error


def opened(breaker):
    for _ in range(3):
        fail(breaker)
    return breaker


def is_refused(breaker):
    try:
        with breaker.call():
            return False
    except Broken:
        return True


def test_it_opens_after_so_many_failures_in_a_row(breaker):
    fail(breaker)
    fail(breaker)
    assert breaker.state == "closed"
    fail(breaker)
    assert breaker.state == "open"
    assert is_refused(breaker)


def test_a_success_between_them_begins_the_count_anew(breaker):
    fail(breaker)
    fail(breaker)
    assert not is_refused(breaker)
    fail(breaker)
    fail(breaker)
    assert breaker.state == "closed"


def test_an_answer_that_is_refused_for_itself_counts_as_a_living_upstream(breaker):
    fail(breaker)
    fail(breaker)
    fail(breaker, ValueError)
    fail(breaker)
    assert breaker.state == "closed"


def test_after_the_cooldown_one_probe_at_a_time_is_let_through(breaker, clock):
    opened(breaker)
    clock.now = 10.0
    assert breaker.state == "half-open"
    with breaker.call() as probe:
        assert probe
        assert is_refused(breaker)
    assert breaker.state == "closed"
    with breaker.call() as probe:
        assert not probe


def test_a_failed_probe_opens_it_for_another_cooldown(breaker, clock):
    opened(breaker)
    clock.now = 10.0
    fail(breaker)
    assert breaker.state == "open"
    clock.now = 19.9
    assert is_refused(breaker)
    clock.now = 20.0
    assert not is_refused(breaker)
    assert breaker.state == "closed"


def test_a_probe_that_is_given_up_leaves_its_place_to_the_next(breaker, clock):
    opened(breaker)
    clock.now = 10.0
    with pytest.raises(KeyboardInterrupt), breaker.call():
        raise KeyboardInterrupt
    assert breaker.state == "half-open"
    assert not is_refused(breaker)
    assert breaker.state == "closed"


def test_calls_that_began_before_say_nothing_about_an_open_one(breaker, clock):
    with breaker.call():
        opened(breaker)
    assert breaker.state == "open"


def test_failures_of_calls_that_began_before_do_not_make_the_wait_longer(breaker, clock):
    late = breaker.call()
    late.__enter__()
    opened(breaker)
    clock.now = 5.0
    assert not late.__exit__(UpstreamFailed, UpstreamFailed(), None)
    clock.now = 10.0
    assert breaker.state == "half-open"
