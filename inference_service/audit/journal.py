"""Writing the audit log: one writer, whole lines, healed after a kill, carried over when it grows."""

import fcntl
import hashlib
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from inference_service.audit.chain import LONGEST_LINE, START, Chain, Field, KeyMissing, LineBroken, Link
from inference_service.audit.files import carried_over, head_of, read_head, sync_folder, write_head

TAIL = 256 * LONGEST_LINE
"""How far from the end the last whole line is looked for; all after it was never acknowledged."""
BEGINNING = b'{"seq":'
CONTINUED = "continued"
"""The event that begins every file but the first."""
MODE = 0o640
SYNC = getattr(os, "fdatasync", os.fsync)
"""Waits until the bytes of a file are on the disk; macOS has only the slower way."""


class JournalUnusable(Exception):
    """The log cannot be continued; the message says why and what to do."""


MOVE_AWAY = "Move FILE and FILE.head away and keep them as evidence; a new log is begun then."


def now() -> str:
    """Return the time as records have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Journal:
    """An open audit log.

    Args:
        path: The file that is written.
        key: Seals the records; None for digests that anyone can compute.
        max_bytes: Size at which the file is put aside under its last record's number.

    Raises:
        JournalUnusable: if it has another writer, was tampered with at its end, or cannot be opened.
    """

    def __init__(self, path: Path, *, key: bytes | None, max_bytes: int) -> None:
        self._path = path
        self._chain = Chain(key)
        self._max_bytes = max_bytes
        self._torn = False
        self._last, self._size = START, 0
        self._head = self._file = -1
        try:
            self._begin()
        except (OSError, KeyMissing, JournalUnusable) as error:
            self.close()
            raise JournalUnusable(_explain(error)) from error

    def _begin(self) -> None:
        self._head = os.open(head_of(self._path), os.O_RDWR | os.O_CREAT, MODE)
        fcntl.flock(self._head, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, MODE)
        opening = self._recover(read_head(self._head))
        sync_folder(self._path.parent)
        self.append([opening])

    @property
    def last(self) -> Link:
        """The place of the last record."""
        return self._last

    def append(self, events: Sequence[Mapping[str, Field]]) -> None:
        """Write records; when this returns they are on the disk.

        Raises:
            OSError: if they are not; then none of them stands in the log.
        """
        self._heal()
        data, last = self._forge(events)
        if self._size and self._size + len(data) > self._max_bytes:
            self._carry_over()
            data, last = self._forge([{"time": now(), "event": CONTINUED}, *events])
        self._write(data)
        self._last = last
        write_head(self._head, last)

    def _forge(self, events: Sequence[Mapping[str, Field]]) -> tuple[bytes, Link]:
        lines, last = [], self._last
        for event in events:
            line, last = self._chain.forge(last, event)
            lines.append(line)
        return b"".join(lines), last

    def close(self) -> None:
        """Close the files and let another process write."""
        for each in {self._file, self._head} - {-1}:
            os.close(each)
        self._head = self._file = -1

    def _heal(self) -> None:
        """Take away what an earlier write that failed has left."""
        if self._torn:
            os.ftruncate(self._file, self._size)
            self._torn = False

    def _write(self, data: bytes) -> None:
        self._torn = True
        left = memoryview(data)
        while left:
            left = left[os.write(self._file, left) :]
        SYNC(self._file)
        self._torn = False
        self._size += len(data)

    def _carry_over(self) -> None:
        """Put the file aside under the number of its last record; the chain goes on in a new one."""
        fresh = self._path.with_name(f"{self._path.name}.new")
        opened = os.open(fresh, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC, MODE)
        try:
            if self._path.exists():
                self._path.rename(self._path.with_name(f"{self._path.name}.{self._last.number:012d}"))
            fresh.rename(self._path)
            sync_folder(self._path.parent)
        except OSError:
            os.close(opened)
            raise
        os.close(self._file)
        self._file, self._size = opened, 0

    def _recover(self, promised: Link | None) -> dict[str, Field]:
        """Find the last whole record, cut off what a kill left behind it, and return what to note of that."""
        self._last, rest, size = self._end_of(self._file)
        self._size = size - len(rest)
        if self._size == 0 and (earlier := carried_over(self._path)):
            with earlier[-1].open("rb") as file:
                self._last, _, _ = self._end_of(file.fileno())
        if promised is not None and promised.number >= self._last.number and promised != self._last:
            raise JournalUnusable(
                f"The audit log does not end with the record that it ended with. {MOVE_AWAY}"
            )
        begins = self._size == 0 and self._last != START
        event: dict[str, Field] = {"time": now(), "event": CONTINUED if begins else "opened"}
        if promised is None and self._last != START:
            event["head"] = "missing"
        if rest:
            os.ftruncate(self._file, self._size)
            event |= {"cut_bytes": len(rest), "cut_sha256": hashlib.sha256(rest).hexdigest()}
        return event

    def _end_of(self, file: int) -> tuple[Link, bytes, int]:
        """Return the last sound record of a file, the bytes after it, and the file's size."""
        size = os.fstat(file).st_size
        tail = os.pread(file, TAIL, max(0, size - TAIL))
        *lines, rest = tail.split(b"\n")
        after = len(rest)
        for line in reversed(lines):
            try:
                return self._chain.read(line).link, tail[len(tail) - after :], size
            except LineBroken:
                after += len(line) + 1
        if size > TAIL or lines or not rest.startswith(BEGINNING[: len(rest)]):
            raise JournalUnusable(
                f"The file is no audit log, or is sealed with another key, or is damaged. {MOVE_AWAY}"
            )
        return START, rest, size


def _explain(error: Exception) -> str:
    if isinstance(error, BlockingIOError):
        return "Another process writes this audit log. Give each process its own."
    if isinstance(error, OSError):
        return f"The audit log cannot be opened or written ({error.strerror})."
    if isinstance(error, KeyMissing):
        return "The audit log is sealed with a key. Set INFERENCE_AUDIT_KEY."
    return str(error)
