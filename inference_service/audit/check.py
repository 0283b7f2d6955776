"""Whether an audit log is still what was written: every line, their order, and the end."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from inference_service.audit.chain import LONGEST_LINE, START, Chain, LineBroken, Link, Record
from inference_service.audit.journal import carried_over, head_of, read_head

MOST = 20
"""Findings after which looking further says nothing new."""


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
    chain, last, count, seen = Chain(key), None, 0, contains is None
    findings: list[str] = []
    remarks: list[str] = []
    for line in _lines([*carried_over(path), path]):
        if len(findings) >= MOST:
            findings.append("there is more, which was not looked at")
            break
        if not line.whole:
            remarks.append("the last line is half-written: the service is writing now, or was killed")
            continue
        try:
            record = chain.read(line.content)
        except LineBroken as error:
            findings.append(f"line {line.number} of {line.file.name} {error}")
            # What follows can only be compared with what this line says of itself.
            last = None if last is None else Link(last.number + 1, "")
            count += 1
            continue
        findings += _between(last, record, line)
        if last is None and count == 0 and record.link.number != 0:
            remarks.append(f"begins with record {record.link.number}: earlier files are not here")
        last, count, seen = record.link, count + 1, seen or record.link.digest == contains
    last = last or START
    findings += _end(path, last)
    findings += [] if seen else ["the digest noted elsewhere is not among the records"]
    return Report(count, last, findings, remarks)


def _between(last: Link | None, record: Record, line: _Line) -> list[str]:
    """Compare a record with the one before it."""
    place, number = f"line {line.number} of {line.file.name}", record.link.number
    if last is None:
        wrong = number == 0 and record.prev != START.digest
        return [f"{place} does not begin the chain"] if wrong else []
    if number != last.number + 1:
        return [f"{place} is record {number}, but {last.number + 1} should follow: removed or moved lines"]
    if last.digest and record.prev != last.digest:
        return [f"{place} does not follow the record before it: it was replaced"]
    return []


def _end(path: Path, last: Link) -> list[str]:
    """Compare the end with what the service promised of it."""
    head = head_of(path)
    promised = read_head(head.read_bytes()) if head.exists() else None
    if promised is not None and promised.number > last.number:
        return [f"ends with record {last.number}, but {promised.number} had been written: cut off"]
    if promised is not None and promised.number == last.number and last.digest not in ("", promised.digest):
        return ["the last record is not the one that had been written"]
    return []


def _lines(files: list[Path]) -> Iterator[_Line]:
    for path in files:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE):
                number += 1
                yield _Line(path, number, line.rstrip(b"\n"), line.endswith(b"\n") or path != files[-1])
