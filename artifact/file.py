"""Writing and loading model files. TorchScript stands in this file only."""

import hashlib
import io
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from artifact import golden
from artifact.errors import ArtifactInvalid, ArtifactMissing, DeviceMissing, GoldenMismatch
from artifact.golden import Golden, Picture
from artifact.module import STATISTICS, Deployed
from contract import ModelCard

# TorchScript is deprecated in torch 2.14; docs/decisions says why it is used, and what may follow it.
warnings.filterwarnings("ignore", message="`torch.jit", category=FutureWarning)

CARD = "model_card.json"
GOLDEN = "golden.npz"


class Outputs(NamedTuple):
    """What a model file says of N images."""

    probabilities: NDArray[np.float32]
    """Calibrated, (N, C), in the order of the card's classes."""
    gate: NDArray[np.float32]
    """Statistics, (N, K), in the order of the card's gate."""


class Artifact:
    """A loaded model file that has reproduced its golden outputs."""

    def __init__(
        self, module: torch.jit.ScriptModule, card: ModelCard, sha256: str, device: torch.device
    ) -> None:
        self._module = module
        self.card = card
        self.sha256 = sha256
        self.device = device

    def predict(self, images: Sequence[Picture]) -> Outputs:
        """Return probabilities and gate statistics of uint8 RGB images (H, W, 3) of any sizes."""
        with torch.inference_mode():
            tensors = [torch.from_numpy(np.ascontiguousarray(image)) for image in images]
            probabilities, gate = self._module(tensors)
            return Outputs(probabilities.float().cpu().numpy(), gate.float().cpu().numpy())

    def check(self, expected: Golden) -> None:
        """Compare with the golden outputs.

        Raises:
            GoldenMismatch: if an output deviates by more than the card allows on this kind of device.
        """
        tolerance = self.card.tolerance.get(self.device.type, min(self.card.tolerance.values()))
        outputs = self.predict(expected.images)
        pairs = zip(outputs, (expected.probabilities, expected.gate), strict=True)
        if not all(_agree(ours, theirs, tolerance) for ours, theirs in pairs):
            raise GoldenMismatch(
                f"On this machine's {self.device.type} the model file does not reproduce the outputs it was "
                f"written with (tolerance {tolerance}). Use another device, or export the model again."
            )


def _agree(ours: NDArray[np.float32], theirs: NDArray[np.float32], tolerance: float) -> bool:
    """Compare within `tolerance`, absolute for values up to 1 and relative above."""
    return ours.shape == theirs.shape and bool(np.allclose(ours, theirs, rtol=tolerance, atol=tolerance))


def choose_device(name: str) -> torch.device:
    """Return the device of that name; `auto` takes a GPU when there is one.

    Raises:
        DeviceMissing: if torch knows no such device, or there is none here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceMissing(f"There is no device '{name}'. Use auto, cpu or cuda.") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise DeviceMissing("There is no GPU that torch can use here. Use auto or cpu.")
    return device


def load(path: Path, device: str = "auto") -> Artifact:
    """Load a model file and have it reproduce its golden outputs.

    The weights lie in half precision: a CPU computes with them in float32, a GPU as they are.

    Raises:
        ArtifactMissing: if there is no file.
        ArtifactInvalid: if it is damaged, or not a model file of this project.
        GoldenMismatch: if it computes something else here than where it was written.
        DeviceMissing: if there is no such device.
    """
    place = choose_device(device)
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ArtifactMissing(
            f"There is no model file at {path}. Train and export one, or name another."
        ) from error
    except OSError as error:
        raise ArtifactInvalid(f"The model file {path} cannot be read ({error.strerror}).") from error
    module, card, expected = _open(data, place)
    loaded = Artifact(module, card, hashlib.sha256(data).hexdigest(), place)
    if not expected.images:
        raise ArtifactInvalid("The model file has no golden inputs to prove itself with. Export it again.")
    try:
        loaded.check(expected)
    except RuntimeError as error:
        raise ArtifactInvalid(
            "The model file cannot compute its own golden inputs. Export it again."
        ) from error
    return loaded


def _open(data: bytes, device: torch.device) -> tuple[torch.jit.ScriptModule, ModelCard, Golden]:
    """Read module, card and golden inputs, and check that they belong together."""
    extra = {CARD: "", GOLDEN: ""}
    try:
        module = torch.jit.load(  # type: ignore[no-untyped-call]  # torch leaves it untyped
            io.BytesIO(data), map_location=device, _extra_files=extra
        )
        card = ModelCard.model_validate_json(extra[CARD])
    except (RuntimeError, ValidationError) as error:
        raise ArtifactInvalid(
            "The model file is damaged, or was not written by `python -m training export`."
        ) from error
    if device.type == "cpu":
        module.float()
    module.eval()
    packed = extra[GOLDEN]
    expected = golden.parse(packed.encode("latin-1") if isinstance(packed, str) else packed)
    if expected.probabilities.shape[1:] != (len(card.classes),):
        raise ArtifactInvalid("The model file's outputs do not fit the classes on its card.")
    if tuple(limit.statistic for limit in card.gate) != STATISTICS:
        raise ArtifactInvalid("The model file's gate does not fit its card. Export the model again.")
    return module, card, expected


def save(module: Deployed, card: ModelCard, pictures: Sequence[Picture], path: Path) -> Artifact:
    """Write a model file with its card and golden outputs, and load it back; return what was loaded.

    Args:
        module: What the file shall compute; its network is held in half precision afterwards.
        card: What the file shall say of itself.
        pictures: Golden inputs (H, W, 3), rendered, never a patient's.
        path: Where the file appears, only once it is whole and has proved itself.

    Raises:
        GoldenMismatch: if the written file does not compute what the module computed.
    """
    scripted = torch.jit.script(module.eval().requires_grad_(False).hold_in(torch.float16))
    trial, _, _ = _open(_pack(scripted, card, _empty(card)), torch.device("cpu"))
    outputs = Artifact(trial, card, "", torch.device("cpu")).predict(pictures)
    data = _pack(scripted, card, Golden(pictures, *outputs))
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        loaded = load(partial, "cpu")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return loaded


def _pack(scripted: torch.jit.ScriptModule, card: ModelCard, expected: Golden) -> bytes:
    stream = io.BytesIO()
    extra = {CARD: card.model_dump_json(indent=1).encode(), GOLDEN: expected.dump()}
    torch.jit.save(scripted, stream, _extra_files=extra)
    return stream.getvalue()


def _empty(card: ModelCard) -> Golden:
    none = np.zeros((0, len(card.classes)), dtype=np.float32)
    return Golden([], none, np.zeros((0, len(STATISTICS)), dtype=np.float32))
