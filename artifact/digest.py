"""The digest of a model file: `FILE.sha256` beside it, as `sha256sum FILE > FILE.sha256` writes it.

It finds files that were damaged, cut off or mixed up on their way. Who may write beside the file can write
both; against them the digest has to be said elsewhere, as INFERENCE_MODEL_SHA256 does.
"""

import hashlib
import os
import re
from pathlib import Path

from artifact.errors import ArtifactInvalid, DigestMismatch, DigestMissing

LARGEST = 4096
"""Bytes of a digest file, at most."""
LINE = re.compile(r"\\?([0-9a-fA-F]{64})(?:[ \t]+[* ]?.*)?")


def digest_file_of(path: Path) -> Path:
    """Return where the digest of a model file stands."""
    return path.with_name(path.name + ".sha256")


def list_digests(path: Path) -> set[str]:
    """Return the digests that a model file may have, empty where nothing says.

    There are two while a new file takes the place of another; names of files are not looked at, so that
    both may be renamed together.

    Raises:
        ArtifactInvalid: if the digest file cannot be read, or is none.
    """
    place = digest_file_of(path)
    try:
        with place.open("rb") as stream:
            text = stream.read(LARGEST + 1).decode("utf-8", "replace")
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise ArtifactInvalid(f"The digest file {place} cannot be read ({error.strerror}).") from error
    found = [LINE.fullmatch(line) for line in text.splitlines()]
    digests = {match[1].lower() for match in found if match}
    if not digests or len(digests) < len(found) or len(text) > LARGEST:
        raise ArtifactInvalid(f"{place} is no digest. Write it with: sha256sum {path.name} > {place.name}")
    return digests


def read_verified(path: Path, sha256: str | None, *, unverified: bool) -> bytes:
    """Read a model file and compare its digest, so that what was compared is what is loaded.

    The digest file is read before and after, since both files may be replaced meanwhile: in the order of
    `publish` one of the readings fits.

    Args:
        path: The model file.
        sha256: The digest that it must have, whatever stands beside it.
        unverified: Whether it may do without, where no digest is known.

    Raises:
        FileNotFoundError: if there is no file.
        OSError: if it cannot be read.
        ArtifactInvalid: if the digest file is none.
        DigestMissing: if it must not do without.
        DigestMismatch: if it has another digest.
    """
    known = {sha256} if sha256 else list_digests(path)
    data = path.read_bytes()
    known |= set() if sha256 else list_digests(path)
    if not known and not unverified:
        raise DigestMissing(
            f"Nothing says which digest {path} must have. Write {digest_file_of(path).name} beside it with "
            f"sha256sum, or set INFERENCE_MODEL_SHA256."
        )
    if known and hashlib.sha256(data).hexdigest() not in known:
        where = "INFERENCE_MODEL_SHA256" if sha256 else digest_file_of(path).name
        raise DigestMismatch(
            f"The model file {path} does not have the digest that {where} says: it was damaged or exchanged. "
            "Copy or export it again."
        )
    return data


def publish(partial: Path, path: Path) -> None:
    """Rename a whole file to where a service may be watching, and leave its digest beside it.

    The digest file is first written with the digests of both, the old file and the new one, then the file is
    renamed, then the old digest goes. Whoever looks in between, or is left with what a kill in between left,
    finds a file and a digest that fits it.
    """
    new = {_hash(partial)}
    _write_digests(path, new | _verified(path))
    os.replace(partial, path)
    _write_digests(path, new)


def write_digest(path: Path) -> None:
    """Write FILE.sha256 for a file that is known to be good."""
    _write_digests(path, {_hash(path)})


def _verified(path: Path) -> set[str]:
    """Return the digest of the file that is being replaced, if it is the one that it should have."""
    try:
        return {_hash(path)} & list_digests(path)
    except (FileNotFoundError, ArtifactInvalid):
        return set()


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_digests(path: Path, digests: set[str]) -> None:
    place = digest_file_of(path)
    partial = place.with_name(place.name + ".partial")
    with partial.open("w", encoding="utf-8") as stream:
        stream.writelines(f"{digest}  {path.name}\n" for digest in sorted(digests))
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(partial, place)
