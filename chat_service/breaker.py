"""A circuit breaker: an upstream that keeps failing is left alone for a while, then tried by one call."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

State = Literal["closed", "open", "half-open"]


class Broken(Exception):
    """The upstream failed too often; it is not asked now."""


class UpstreamFailed(Exception):
    """A call failed in a way that says the upstream, and not this request, is at fault."""


class Breaker:
    """Opens after so many failed calls in a row; one upstream has one breaker.

    Closed, every call goes through. Open, none does, for `cooldown_s`. After that it is half-open: one call
    at a time is let through as a probe. Its success closes the breaker, its failure opens it anew, and a
    probe that is given up (its reader has gone) leaves the place to the next.

    Args:
        failures: Calls that must fail in a row.
        cooldown_s: Seconds without calls.
        clock: Seconds from anywhere, never going back.
    """

    def __init__(self, failures: int, cooldown_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = failures
        self._cooldown = cooldown_s
        self._clock = clock
        self._failed = 0
        self._open_until: float | None = None
        self._probing = False

    @property
    def state(self) -> State:
        """What a call would meet now."""
        if self._open_until is None:
            return "closed"
        return "open" if self._clock() < self._open_until else "half-open"

    @contextmanager
    def call(self) -> Iterator[bool]:
        """Let a call through and note how it went; yields whether it is a probe.

        A call that ends, or raises anything but `UpstreamFailed` of itself, shows a living upstream. One
        that is cancelled shows nothing.

        Raises:
            Broken: while no call is let through.
        """
        probe = self._enter()
        try:
            yield probe
        except UpstreamFailed:
            self._note_failure(probe=probe)
            raise
        except Exception:
            self._note_success(probe=probe)
            raise
        else:
            self._note_success(probe=probe)
        finally:
            self._probing = self._probing and not probe

    def _enter(self) -> bool:
        state = self.state
        if state == "open" or (state == "half-open" and self._probing):
            raise Broken
        self._probing = state == "half-open"
        return self._probing

    def _note_success(self, *, probe: bool) -> None:
        # A call that began before the failures says nothing about the upstream of now.
        if probe or self._open_until is None:
            self._failed, self._open_until = 0, None

    def _note_failure(self, *, probe: bool) -> None:
        self._failed += 1
        if probe or (self._open_until is None and self._failed >= self._limit):
            self._open_until = self._clock() + self._cooldown
