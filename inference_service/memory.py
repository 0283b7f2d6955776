"""What loading leaves behind, given back to the system.

glibc keeps freed memory, in pieces between what is still in use, and asks for more: without this a service
under load grew by a fifth over twenty models, and with it by a twelfth, all of that in the first few. Other C
libraries have neither these functions nor the habit.
"""

import ctypes
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
"""The numbers of glibc's settings, in <malloc.h>."""
SMALL, LARGE = 128 * 1024, 32 * 1024 * 1024
"""From how many bytes on a block gets pages of its own: where glibc begins, and the most that it allows."""
ARENAS = 2
"""Parts of the heap that threads share: each keeps what it once held, and glibc makes 8 for each core."""


@contextmanager
def own_pages() -> Iterator[None]:
    """Give what is allocated meanwhile, a model's weights, pages of its own, which go back when it is freed.

    The blocks of a computation live too short for that: for them the threshold lies high otherwise.
    """
    _call("mallopt", ARENA_MAX, ARENAS)
    _call("mallopt", MMAP_THRESHOLD, SMALL)
    try:
        yield
    finally:
        _call("mallopt", MMAP_THRESHOLD, LARGE)
        _call("mallopt", TRIM_THRESHOLD, 2 * LARGE)


def give_back() -> None:
    """Return the pages to the system that hold nothing any more; takes some 20 ms."""
    _call("malloc_trim", 0)


DONT_NEED = 4
"""The number of `MADV_DONTNEED` in Linux' <sys/mman.h>."""
MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (r-[x-]p) \S+ \S+ [1-9]\d* +/")
"""A line of /proc/self/smaps that begins a part of a file that nothing is written to."""


def forget_programs() -> None:
    """Give back what was read from program files and not changed; what is needed is read again by itself.

    Loading torch touches its libraries all over, those for GPUs too: some 200 MB, most of it never to be used
    again. Linux only.
    """
    for start, end in _clean_parts():
        _call("madvise", ctypes.c_void_p(start), ctypes.c_size_t(end - start), DONT_NEED)


def _clean_parts() -> Iterator[tuple[int, int]]:
    """Yield begin and end of what is mapped from files for reading only, and is as it stands there."""
    listing = Path("/proc/self/smaps")
    part: tuple[int, int] | None = None
    for line in listing.read_text("utf-8", "replace").splitlines() if listing.is_file() else []:
        if "-" in line[:20] and not line[0].isupper():
            found = MAPPING.match(line)
            part = (int(found[1], 16), int(found[2], 16)) if found else None
        elif part and line.startswith("Anonymous:") and line.split()[1] == "0":
            yield part


def _call(name: str, *arguments: int | ctypes.c_void_p | ctypes.c_size_t) -> None:
    try:
        function = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return
    function(*arguments)
