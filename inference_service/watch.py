"""Noticing that another model file stands in the place of the one that was loaded."""

import os
from pathlib import Path

from artifact.digest import digest_file_of

Mark = tuple[int, int, int, int]
"""Inode, size, and times of the last change of content and of anything else, in nanoseconds."""


class Watch:
    """Tells when a model file, or the digest beside it, has changed and come to rest.

    A file that is still being copied looks different each time, and is left alone until it does not. What
    was taken up once is not told of again until it changes, whatever became of it.
    """

    def __init__(self, path: Path) -> None:
        self._places = (path, digest_file_of(path))
        self._seen = self._taken_up = self._look()

    def has_changed(self) -> bool:
        """Look once; true if this is news and was seen the look before as well. Blocks as disks do."""
        before, self._seen = self._seen, self._look()
        there = self._seen[0] is not None
        return there and self._seen == before != self._taken_up

    def take_up(self) -> None:
        """Remember what was seen last: it is about to be loaded. What comes after it is news again."""
        self._taken_up = self._seen

    def _look(self) -> tuple[Mark | None, ...]:
        return tuple(_mark(place) for place in self._places)


def _mark(place: Path) -> Mark | None:
    """Return what changes with a file, None where none can be seen."""
    try:
        found = os.stat(place)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
