"""Whether an audit log is still what was written: every line, their order, and the end."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from inference_service.audit.chain import LONGEST_LINE, START, Chain, LineBroken, Link, Record
from inference_service.audit.files import carried_over, head_of, read_head
from inference_service.audit.journal import CONTINUED

PATIENCE_S = 2.0
"""How long a log may be without the file that is written."""
MOST = 20
"""Findings after which looking further would say nothing new."""


class Report(NamedTuple):
    """What was found."""

    records: int
    last: Link
    """The place of the last record."""
    findings: list[str]
    """What shows tampering or damage; empty for a sound log."""
    remarks: list[str]
    """What a reader should know, though it has innocent reasons."""


class _Line(NamedTuple):
    file: Path
    number: int
    content: bytes
    whole: bool


def check(path: Path, key: bytes | None, *, contains: str | None = None) -> Report:
    """Read the log with its earlier files and compare every record with the one before.

    Args:
        path: The file that the service writes, or one that was put aside.
        key: What the records were sealed with, if anything.
        contains: A digest noted elsewhere that must be among the records.

    Raises:
        KeyMissing: if the records are sealed and `key` is None.
        OSError: if a file cannot be read.
    """
    given_up = time.monotonic() + PATIENCE_S
    while True:
        earlier = carried_over(path)
        try:
            report = _examine(path, earlier, _Examination(Chain(key), contains))
        except FileNotFoundError:
            # Between a file being put aside and the next being begun there is none, for a moment.
            if not carried_over(path) or time.monotonic() > given_up:
                raise
            time.sleep(0.01)
        else:
            if carried_over(path) == earlier:  # otherwise a file was put aside meanwhile
                return report


def _examine(path: Path, earlier: list[Path], examination: "_Examination") -> Report:
    # Read first: a running service goes on writing, and may promise more than was there a moment ago.
    promised = _promise(head_of(path))
    for line in _lines([*earlier, path]):
        if len(examination.findings) >= MOST:
            break
        examination.read(line)
    return examination.report(promised)


def _promise(head: Path) -> Link | None:
    if not head.exists():
        return None
    with head.open("rb") as file:
        return read_head(file.fileno())


class _Examination:
    """What was found so far, from line to line."""

    def __init__(self, chain: Chain, contains: str | None) -> None:
        self.findings: list[str] = []
        self._remarks: list[str] = []
        self._chain = chain
        self._wanted = contains
        self._last: Link | None = None
        self._count = 0

    def read(self, line: _Line) -> None:
        """Compare a line with the one before it."""
        if not line.whole:
            self._remarks.append("the last line is half-written: the service is writing now, or was killed")
            return
        self._count += 1
        place = f"line {line.number} of {line.file.name}"
        try:
            record = self._chain.read(line.content)
        except LineBroken as error:
            self.findings.append(f"{place} {error}")
            # The next line can be compared by its number only.
            self._last = self._last and Link(self._last.number + 1, "")
            return
        wrong = self._follows(record) if self._last or self._count > 1 else self._begins(record)
        self.findings += [f"{place} {wrong}"] if wrong else []
        self._last = record.link
        if record.link.digest == self._wanted:
            self._wanted = None

    def _begins(self, record: Record) -> str | None:
        number = record.link.number
        if number == 0:
            return None if record.prev == START.digest else "does not begin the chain"
        if record.event != CONTINUED:
            return f"is record {number}, but no file begins with it: lines before it were removed"
        self._remarks.append(f"begins with record {number}: earlier files are not here")
        return None

    def _follows(self, record: Record) -> str | None:
        last, number = self._last, record.link.number
        if last is None:  # nothing but broken lines came before
            return None
        if number != last.number + 1:
            return f"is record {number}, but {last.number + 1} should follow: removed or moved lines"
        return "was not written after the one before it" if last.digest not in ("", record.prev) else None

    def report(self, promised: Link | None) -> Report:
        """Sum up, with what the service promised of the end, and what was noted elsewhere."""
        last = self._last or START
        if promised is not None and promised.number > last.number:
            reached = f"ends with record {last.number}, but {promised.number} had been written"
            self.findings.append(f"{reached}: cut off")
        elif promised is not None and promised.number == last.number != START.number:
            replaced = last.digest not in ("", promised.digest)
            self.findings += ["the last record is not the one that had been written"] * replaced
        if self._wanted is not None:
            self.findings.append("the digest noted elsewhere is not among the records")
        return Report(self._count, last, self.findings, self._remarks)


def _lines(files: list[Path]) -> Iterator[_Line]:
    for path in files:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE):
                number += 1
                # One that is longer than any line was not written by a service, whole or not.
                whole = line.endswith(b"\n") or path != files[-1] or len(line) == LONGEST_LINE
                yield _Line(path, number, line.rstrip(b"\n"), whole)
                if not whole:
                    return  # its rest may have come by now, and would look like a line of its own
