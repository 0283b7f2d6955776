"""The files of an audit log: `FILE`, its earlier files `FILE.NUMBER`, and `FILE.head`.

The head holds the last place that was written for good, so that a log which ends before it shows. Whoever
writes the log holds a lock on it.
"""

import os
import re
from pathlib import Path

from inference_service.audit.chain import Link

HEAD = re.compile(rb"(\d{20}) ([0-9a-f]{64})\n")


def head_of(path: Path) -> Path:
    """Return the file that promises how far the log reaches."""
    return path.with_name(f"{path.name}.head")


def read_head(file: int) -> Link | None:
    """Read the promise in an open head; None if there is none."""
    found = HEAD.fullmatch(os.pread(file, 200, 0))
    return Link(int(found[1]), found[2].decode()) if found else None


def write_head(file: int, last: Link) -> None:
    """Promise that the log reaches to this place."""
    os.pwrite(file, b"%020d %s\n" % (last.number, last.digest.encode()), 0)


def carried_over(path: Path) -> list[Path]:
    """Return the log's earlier files that are still here, oldest first."""
    named = re.compile(re.escape(path.name) + r"\.\d{12,20}")
    earlier = (each for each in path.parent.iterdir() if named.fullmatch(each.name))
    return sorted(earlier, key=lambda each: int(each.suffix[1:]))


def sync_folder(folder: Path) -> None:
    """Wait until new names in a folder are on the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
