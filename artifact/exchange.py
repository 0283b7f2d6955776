"""Messages between a service and its decoders through pipes: a length of eight bytes, then as many bytes."""

import contextlib
import fcntl
import os
import select
import time

LENGTH = 8
PIPE_BYTES = 1_048_576
"""Room in a pipe, so that an ordinary picture costs one change of process; more is Linux's to forbid."""


class ConnectionEnded(Exception):
    """The other side closed its end, or was killed."""


def widen(pipe: int) -> None:
    """Ask for more room in a pipe; where there is none to be had it only takes longer."""
    with contextlib.suppress(AttributeError, OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def send(pipe: int, data: bytes | bytearray | memoryview, deadline: float | None = None) -> None:
    """Send a message.

    Raises:
        TimeoutError: if the other side has not taken it by `deadline` (`time.monotonic`).
        ConnectionEnded: if it is gone.
    """
    for part in (len(data).to_bytes(LENGTH, "big"), data):
        view = memoryview(part)
        while view:
            _wait(pipe, select.POLLOUT, deadline)
            try:
                view = view[os.write(pipe, view) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise ConnectionEnded from error


def receive(pipe: int, limit: int, deadline: float | None = None) -> bytearray:
    """Receive a message.

    Raises:
        TimeoutError: if it has not come by `deadline` (`time.monotonic`).
        ConnectionEnded: if the other side is gone, or announces more than `limit` bytes.
    """
    length = int.from_bytes(_take(pipe, LENGTH, deadline), "big")
    if length > limit:
        raise ConnectionEnded
    return _take(pipe, length, deadline)


def _take(pipe: int, length: int, deadline: float | None) -> bytearray:
    data = bytearray(length)
    view = memoryview(data)
    while view:
        _wait(pipe, select.POLLIN, deadline)
        try:
            count = os.readv(pipe, [view])
        except BlockingIOError:
            continue
        except OSError as error:
            raise ConnectionEnded from error
        if count == 0:
            raise ConnectionEnded
        view = view[count:]
    return data


def _wait(pipe: int, event: int, deadline: float | None) -> None:
    """Wait until a pipe can be read or written; without a deadline it is the reading that waits."""
    if deadline is None:
        return
    poll = select.poll()
    poll.register(pipe, event)
    left = deadline - time.monotonic()
    if left <= 0 or not poll.poll(left * 1000):
        raise TimeoutError
