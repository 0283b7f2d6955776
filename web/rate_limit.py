"""How many requests a minute, for each key or address, in bounded memory."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple

WINDOW_S = 60.0
CAPACITY = 50_000
"""Clients that are told apart; when so many were here within a minute, the rest share one limit."""


class Verdict(NamedTuple):
    """Whether a request may pass, and what to tell its sender."""

    allowed: bool
    limit: int
    remaining: int
    """Requests that would pass now."""
    wait_s: int
    """Seconds until the next one passes, rounded up; 0 where one would pass now."""
    reset_s: int
    """Seconds until all of them are free again, rounded up."""

    def headers(self) -> dict[str, str]:
        """Return the headers of draft-ietf-httpapi-ratelimit-headers, and Retry-After where it is refused."""
        told = {
            "RateLimit-Policy": f'"minute";q={self.limit};w={WINDOW_S:.0f}',
            "RateLimit": f'"minute";r={self.remaining};t={self.reset_s}',
        }
        return told if self.allowed else told | {"Retry-After": str(self.wait_s)}


class RateLimiter:
    """Counts by the generic cell rate algorithm: one number a client, and no burst at the turn of a minute.

    A number that lies in the past says nothing any more and is dropped, so memory follows the clients of the
    last minute, up to `capacity` of them.
    """

    def __init__(self, capacity: int = CAPACITY, clock: Callable[[], float] = time.monotonic) -> None:
        self._full_again: OrderedDict[Hashable, float] = OrderedDict()
        self._capacity = capacity
        self._clock = clock

    def __len__(self) -> int:
        """Return how many clients are remembered."""
        return len(self._full_again)

    def take(self, client: Hashable, limit: int) -> Verdict:
        """Count a request of `client`, who may send `limit` a minute (at least 1)."""
        now = self._clock()
        self._forget(now)
        if client not in self._full_again and len(self._full_again) >= self._capacity:
            client = None
        cost = WINDOW_S / limit
        full = max(now, self._full_again.get(client, now))
        allowed = full + cost - now <= WINDOW_S + 1e-9
        if allowed:
            full += cost
            self._full_again[client] = full
            self._full_again.move_to_end(client)
        remaining = max(0, math.floor((WINDOW_S - (full - now)) / cost + 1e-9))
        wait = max(0.0, full + cost - now - WINDOW_S)
        return Verdict(allowed, limit, remaining, math.ceil(wait - 1e-9), math.ceil(full - now - 1e-9))

    def _forget(self, now: float) -> None:
        """Drop a few of those who were not here for longest, if they have all their requests back."""
        for _ in range(4):
            oldest = next(iter(self._full_again.items()), None)
            if oldest is None or oldest[1] > now:
                return
            del self._full_again[oldest[0]]
