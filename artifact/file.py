"""Writing and loading model files."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from artifact.archive import Contents, dump, pack, reopen, script, script_features, unpack
from artifact.device import choose_device, find_engine
from artifact.digest import publish, read_verified
from artifact.errors import ArtifactInvalid, ArtifactMissing, GoldenMismatch, IntegersUnsupported
from artifact.golden import Golden, Outputs, Picture
from artifact.model import Artifact
from artifact.module import Deployed
from contract import ModelCard

logger = logging.getLogger(__name__)


def load(
    path: Path,
    device: str = "auto",
    engines: Sequence[str] | None = None,
    *,
    sha256: str | None = None,
    unverified: bool = True,
) -> Artifact:
    """Load a model file, once its digest is right, and have it reproduce its golden outputs.

    A CPU computes the convolutions in 8-bit integers where it can, else in float32; a GPU in half precision.

    Args:
        path: The model file.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        engines: Those for 8-bit integers that may be used; by default all that torch has here.
        sha256: The digest that it must have; by default what FILE.sha256 beside it says.
        unverified: Whether it may be loaded where neither says.

    Raises:
        ArtifactMissing: if there is no file.
        DigestMismatch: if it has another digest.
        DigestMissing: if it must not be loaded unverified.
        ArtifactInvalid: if it is damaged, or not a model file of this project.
        GoldenMismatch: if it computes something else here than where it was written.
        DeviceMissing: if there is no such device.
    """
    place = choose_device(device)
    data = _read(path, sha256, unverified)
    contents = unpack(data, place)
    model = Artifact(contents, data, place)
    if contents.integers and place.type == "cpu" and _try_integers(model, engines):
        return model
    model.use_floats()
    try:
        model.check()
    except RuntimeError as error:
        raise ArtifactInvalid(
            "The model file cannot compute its own golden inputs. Export it again."
        ) from error
    return model


def _read(path: Path, sha256: str | None, unverified: bool) -> bytes:
    try:
        return read_verified(path, sha256, unverified=unverified)
    except FileNotFoundError as error:
        raise ArtifactMissing(
            f"There is no model file at {path}. Train and export one, or name another."
        ) from error
    except OSError as error:
        raise ArtifactInvalid(f"The model file {path} cannot be read ({error.strerror}).") from error


def _try_integers(model: Artifact, engines: Sequence[str] | None) -> bool:
    """Have the model compute in integers, and tell whether it then reproduces its golden outputs."""
    engine = find_engine(model.card.compression.engine, engines)
    if engine is None:
        logger.warning("there is no engine for 8-bit integers here, so the model computes in float32, slower")
        return False
    try:
        model.use_integers(engine)
        model.check()
    except (RuntimeError, GoldenMismatch) as error:
        logger.warning(
            "engine %s does not compute the golden outputs (%s), so the model computes in float32, slower",
            engine,
            type(error).__name__,
        )
        return False
    return True


def save(
    module: Deployed,
    card: ModelCard,
    pictures: Sequence[Picture],
    path: Path,
    integers: nn.Module | None = None,
) -> Artifact:
    """Write a model file with its card and golden outputs, and load it back; return what was loaded.

    Its digest stands beside it in FILE.sha256.

    Args:
        module: What the file shall compute; its network is held in half precision afterwards.
        card: What the file shall say of itself, the engine for `integers` included.
        pictures: Golden inputs (H, W, 3), rendered, never a patient's.
        path: Where the file appears, only once it is whole and has proved itself.
        integers: The module's features, quantised.

    Raises:
        IntegersUnsupported: if this machine cannot compute `integers`.
        GoldenMismatch: if the written file does not compute what the module computed.
    """
    contents = Contents(
        module=script(module),
        integers=dump(script_features(integers)) if integers else b"",
        card=card,
        golden=Golden(pictures, {}),
    )
    data = pack(contents._replace(golden=Golden(pictures, _compute(contents))))
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(partial, data)
        loaded = load(partial, "cpu")
        publish(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return loaded


def _write(path: Path, data: bytes) -> None:
    """Write to the disk itself, so that a machine that loses power keeps the file before this one whole."""
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _compute(contents: Contents) -> dict[str, Outputs]:
    """Return the golden outputs of a file that is being written, in each arithmetic that it has."""
    trial = Artifact(contents._replace(module=reopen(dump(contents.module))), b"", torch.device("cpu"))
    trial.use_floats()
    outputs = {"float": trial.predict(contents.golden.images)}
    if contents.integers:
        engine = find_engine(contents.card.compression.engine)
        if engine is None:
            raise IntegersUnsupported("torch has no engine for 8-bit integers on this machine.")
        try:
            trial.use_integers(engine)
            outputs["int8"] = trial.predict(contents.golden.images)
        except RuntimeError as error:
            raise IntegersUnsupported(f"Engine {engine} cannot compute the quantised features.") from error
    return outputs
