"""What a model leaves behind, given back to the system.

glibc keeps freed memory, in pieces between what is still in use, and asks for more: without this a service
under load grew by a fifth over twenty models, and with it by a twelfth, all of that in the first few. Other C
libraries have neither these functions nor the habit.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""The numbers of glibc's settings, in <malloc.h>."""
SMALL, LARGE = 128 * 1024, 32 * 1024 * 1024
"""From how many bytes on a block gets pages of its own: where glibc begins, and the most that it allows."""


@contextmanager
def own_pages() -> Iterator[None]:
    """Give what is allocated meanwhile, a model's weights, pages of its own, which go back when it is freed.

    The blocks of a computation live too short for that: for them the threshold lies high otherwise.
    """
    _call("mallopt", MMAP_THRESHOLD, SMALL)
    try:
        yield
    finally:
        _call("mallopt", MMAP_THRESHOLD, LARGE)
        _call("mallopt", TRIM_THRESHOLD, 2 * LARGE)


def give_back() -> None:
    """Return the pages to the system that hold nothing any more; takes some 20 ms."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    try:
        function = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return
    function(*arguments)
