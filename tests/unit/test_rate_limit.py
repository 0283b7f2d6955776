"""Requests a minute, counted in bounded memory."""

import pytest

from web.caller import address_class, address_group
from web.rate_limit import RateLimiter


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_as_many_pass_at_once_as_a_minute_allows_and_no_more(clock):
    limiter = RateLimiter(clock=clock)
    verdicts = [limiter.take("a", 5) for _ in range(7)]
    assert [verdict.allowed for verdict in verdicts] == [True] * 5 + [False] * 2
    assert [verdict.remaining for verdict in verdicts] == [4, 3, 2, 1, 0, 0, 0]
    assert verdicts[-1].wait_s == 12
    assert limiter.take("b", 5).allowed


def test_a_refused_client_passes_after_the_wait_that_it_was_told(clock):
    limiter = RateLimiter(clock=clock)
    verdict = [limiter.take("a", 7) for _ in range(8)][-1]
    clock.now += verdict.wait_s - 1
    assert not limiter.take("a", 7).allowed
    clock.now += 1
    assert limiter.take("a", 7).allowed


def test_there_is_no_double_burst_at_the_turn_of_a_minute(clock):
    limiter = RateLimiter(clock=clock)
    passed = 0
    for _ in range(1200):
        passed += limiter.take("a", 60).allowed
        clock.now += 0.1
    assert 60 + 119 <= passed <= 60 + 120


def test_refusals_do_not_make_the_wait_longer(clock):
    limiter = RateLimiter(clock=clock)
    waits = [limiter.take("a", 2).wait_s for _ in range(100)]
    assert waits[-1] == 30


def test_what_is_told_has_the_form_of_the_draft(clock):
    limiter = RateLimiter(clock=clock)
    assert limiter.take("a", 2).headers() == {
        "RateLimit-Policy": '"minute";q=2;w=60',
        "RateLimit": '"minute";r=1;t=30',
    }
    limiter.take("a", 2)
    assert limiter.take("a", 2).headers()["Retry-After"] == "30"


def test_a_million_addresses_take_no_more_memory_than_the_capacity(clock):
    limiter = RateLimiter(capacity=1000, clock=clock)
    for number in range(1_000_000):
        limiter.take(number, 100)
    assert len(limiter) <= 1001


def test_those_that_find_no_room_share_one_limit_and_the_others_keep_theirs(clock):
    limiter = RateLimiter(capacity=10, clock=clock)
    for number in range(10):
        limiter.take(number, 3)
    assert [limiter.take(f"late {number}", 3).allowed for number in range(5)] == [True] * 3 + [False] * 2
    assert limiter.take(0, 3).allowed


def test_clients_who_have_gone_are_forgotten(clock):
    limiter = RateLimiter(capacity=1000, clock=clock)
    for number in range(1000):
        limiter.take(number, 1)
    clock.now += 61
    for _ in range(260):
        limiter.take("a", 1)
    assert len(limiter) == 1


@pytest.mark.parametrize(
    ("host", "kind", "group"),
    [
        ("127.0.0.1", "(loopback)", "127.0.0.1"),
        ("::1", "(loopback)", "::/64"),
        ("10.1.2.3", "(private)", "10.1.2.3"),
        ("fe80::1%eth0", "(private)", "fe80::/64"),
        ("8.8.8.8", "(public)", "8.8.8.8"),
        ("::ffff:8.8.8.8", "(public)", "8.8.8.8"),
        ("2606:4700:1:2:3:4:5:6", "(public)", "2606:4700:1:2::/64"),
        ("Jane Doe", "(unknown)", "None"),
        (None, "(unknown)", "None"),
    ],
)
def test_logs_know_the_kind_of_an_address_and_limits_its_group(host, kind, group):
    assert (address_class(host), address_group(host)) == (kind, group)
