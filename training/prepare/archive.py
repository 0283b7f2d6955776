"""The files of an archive (tar or zip, compressed or not) or of an unpacked folder, one after the other.

Nothing is unpacked to a path that an archive names: callers get bytes, and choose the path themselves.
"""

import errno
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from training.data import DataProblem
from training.prepare.walk import find_walk, refuse

MAX_BYTES = 500_000_000
"""Largest file that is read; images of the known data sets are below 2 MB."""
MAX_MEMBERS = 2_000_000
"""The largest of the known archives holds 555,000."""
MAX_TOTAL = 200_000_000_000
"""Bytes of all files together when unpacked, so that no archive keeps us unpacking for ever."""

DAMAGE = (
    EOFError,
    LookupError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What Python's archive modules raise over damaged, encrypted and strangely packed archives."""


class Member(NamedTuple):
    """One regular file of an archive or folder."""

    path: PurePosixPath
    """Relative, without `..`."""
    read: Callable[[], bytes]
    """Returns the whole file; to be called before the next member is asked for."""


def read_members(source: Path) -> Iterator[Member]:
    """Yield every regular file in `source`.

    Raises:
        DataProblem: if it is not there, no archive, damaged, too large, or holds links or paths that lead
            out of it.
    """
    if not source.exists():
        raise DataProblem(f"{source} does not exist. Say where the archive or the unpacked folder is.")
    with _damage_told(source):
        walk = find_walk(source)
    total = 0
    with closing(walk(source)) as members:
        for number in range(MAX_MEMBERS + 1):
            with _damage_told(source):
                found = next(members, None)
            if found is None:
                return
            name, size, read = found
            total += size
            if number == MAX_MEMBERS or total > MAX_TOTAL:
                raise DataProblem(f"{source} holds more than any archive of a known data set. It is not one.")
            yield Member(_check_path(source, name), _bounded(source, name, size, read))


def _check_path(source: Path, name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise refuse(source, name)
    return path


def _bounded(source: Path, name: str, size: int, read: Callable[[], IO[bytes]]) -> Callable[[], bytes]:
    def read_all() -> bytes:
        if size > MAX_BYTES:
            raise DataProblem(f"{source}: {name!r} has {size} bytes, more than {MAX_BYTES}.")
        with _damage_told(source), read() as file:
            data = file.read(size)
            if len(data) < size:
                raise EOFError
            return data

    return read_all


@contextmanager
def _damage_told(source: Path) -> Iterator[None]:
    """Say of whatever goes wrong inside an archive that the archive is damaged."""
    try:
        yield
    except (*DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # the disk's problem; a damaged stream bears no number, or sends us to a place below 0
        raise DataProblem(
            f"{source} is damaged, cut off or encrypted ({type(error).__name__}). Download it again from its "
            "owner."
        ) from error
