"""The model that a deployment serves: trained on its own images where there are some, else the starter.

Runs at every start of the containers, so it does nothing when nothing has changed.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from artifact.digest import digest_file_of, publish, read_verified, write_digest

TRAINED = "trained "
"""How the origin of a model begins that was trained here."""


class StarterMissing(Exception):
    """There are neither images to train on nor a starter model; the message says where they should be."""


def provide(data: Path, starter: Path, out: Path, train: Callable[[Path, Path], None]) -> str:
    """Leave a model file at `out`, whole or not at all, and return in one sentence what was done.

    Its digest stands beside it, as a service wants it that listens beyond loopback.

    A note beside `out` remembers what the model was made from. A model trained here is trained again when
    the images change, and is kept when they are gone.

    Args:
        data: Folder that may hold `train_dataset`.
        starter: The model file that ships with the project.
        out: Where the service reads its model.
        train: Trains on a folder (first argument) and writes the model file (second argument).

    Raises:
        StarterMissing: if there is nothing to provide a model from.
    """
    note = out.with_name(out.name + ".origin")
    origin = _find_origin(data, starter)
    trained = origin.startswith(TRAINED)
    before = note.read_text("utf-8") if out.is_file() and note.is_file() else ""
    if before and not digest_file_of(out).exists():
        write_digest(out)  # a version of this project left it that wrote none
    if origin == before:
        return f"{out} is up to date."
    if before.startswith(TRAINED) and not trained:
        return f"{out} stays as it was trained; there are no images at {data} now."
    out.parent.mkdir(parents=True, exist_ok=True)
    _write(out, lambda part: train(data, part) if trained else _copy(starter, part), publish)
    _write(note, lambda part: _keep(part, origin), os.replace)
    return f"{out} was trained on {data}." if trained else f"{out} is the starter model."


def _find_origin(data: Path, starter: Path) -> str:
    """Return what the model is to be made from, with a digest that changes when that changes."""
    if (data / "train_dataset").is_dir():
        return TRAINED + _digest_listing(data)
    if not starter.is_file():
        raise StarterMissing(
            f"There is neither a folder {data / 'train_dataset'} to train on nor a model at {starter}."
        )
    return "starter " + hashlib.sha256(starter.read_bytes()).hexdigest()


def _digest_listing(data: Path) -> str:
    """Digest the names and sizes of all files; reading the images themselves would take too long."""
    digest = hashlib.sha256()
    for path in sorted(path for path in data.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(data)}\0{path.stat().st_size}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _write(path: Path, write: Callable[[Path], object], rename: Callable[[Path, Path], object]) -> None:
    """Have `path` written beside itself and renamed, so that nobody ever reads half of it."""
    part = path.with_name(path.name + ".partial")
    try:
        write(part)
        part.chmod(0o644)
        rename(part, path)
    finally:
        part.unlink(missing_ok=True)
        digest_file_of(part).unlink(missing_ok=True)


def _copy(starter: Path, part: Path) -> None:
    part.write_bytes(read_verified(starter, None, unverified=True))


def _keep(part: Path, origin: str) -> None:
    part.write_text(origin, "utf-8")
