"""Going through the regular files of a folder, a tar or a zip, refusing links and devices."""

import stat
import tarfile
import zipfile
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import IO, Self

from training.data import DataProblem

EXTENSION = 1_000_000
"""Bytes of a long name or the like at most; tarfile reads it into memory whole."""
LONGEST_END = 22 + 65_535
"""Bytes of a zip's last record with its comment (APPNOTE 4.3.16)."""
IN_ZIP64 = 0xFFFF
"""What stands there for the number of entries if another record states it."""
PADDING = 1_000_000
"""Bytes read after a tar's end, which make gzip compare its checksum; tar pads to 10,240."""

Walk = Generator[tuple[str, int, Callable[[], IO[bytes]]], None, None]
"""Of each file its name, its size in bytes, and what opens it."""


def find_walk(source: Path) -> Callable[[Path], Walk]:
    """Return what goes through the files of this folder, tar or zip.

    Raises:
        DataProblem: if it is none of these.
    """
    if source.is_dir():
        return _walk_folder
    if tarfile.is_tarfile(source):
        return _walk_tar
    if zipfile.is_zipfile(source):
        return _walk_zip
    raise DataProblem(
        f"{source} is no folder and no whole tar or zip archive. If it was downloaded, it may be cut off: "
        "compare its size with its owner's, and download it again."
    )


def _walk_folder(source: Path) -> Walk:
    for path in sorted(source.rglob("*")):
        if path.is_file():
            yield path.relative_to(source).as_posix(), path.stat().st_size, partial(_open_file, path)


def _open_file(path: Path) -> IO[bytes]:
    return path.open("rb")


def _walk_zip(source: Path) -> Walk:
    with zipfile.ZipFile(source) as archive:
        _check_count(source, len(archive.infolist()))
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise refuse(source, info.filename)
            if info.is_dir() and info.file_size:
                raise zipfile.BadZipFile
            if not info.is_dir():
                yield info.filename, info.file_size, partial(archive.open, info)


def _check_count(source: Path, count: int) -> None:
    """Compare with the number of entries that a zip's last record states; zipfile does not."""
    with source.open("rb") as file:
        file.seek(max(0, source.stat().st_size - LONGEST_END))
        end = file.read().rpartition(b"PK\x05\x06")[2]
    stated = int.from_bytes(end[6:8], "little")
    if stated not in (IN_ZIP64, count & IN_ZIP64):
        raise zipfile.BadZipFile


class _Header(tarfile.TarInfo):
    """A header that must be whole; tarfile takes a damaged one, or none, for the end of the archive."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if len(buf) == tarfile.BLOCKSIZE and not any(buf):
                raise  # the zeros that do end an archive
            raise tarfile.ReadError from error
        if not header.isreg() and header.size > EXTENSION:
            raise tarfile.ReadError
        return header


def _walk_tar(source: Path) -> Walk:
    with tarfile.open(source, tarinfo=_Header) as archive:
        for info in archive:
            if not info.isreg() and not info.isdir():
                raise refuse(source, info.name)
            if info.isreg():
                yield info.name, info.size, partial(_open_member, archive, info)
        if archive.fileobj:
            archive.fileobj.read(PADDING)


def _open_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(info)
    if file is None:
        raise tarfile.ReadError
    return file


def refuse(source: Path, name: str) -> DataProblem:
    """Return the error for an entry that no honest archive of images has."""
    return DataProblem(
        f"{source} holds {name!r}, a link, a device or a path that leads out of the archive. The owner's "
        "archive holds no such thing: download it again from there."
    )
