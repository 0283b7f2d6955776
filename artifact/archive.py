"""The bytes of a model file. TorchScript stands in this file only.

One TorchScript archive holds the whole network in half precision. In its extra files lie the card, the golden
inputs, and a second small TorchScript archive: the same feature extractor in 8-bit integers. It lies apart so
that a machine without integer arithmetic can open the file all the same.
"""

import io
import warnings
from typing import NamedTuple

import torch
from pydantic import ValidationError
from torch import nn
from torch.jit.frontend import FrontendError

from artifact import golden
from artifact.errors import ArtifactInvalid, IntegersUnsupported
from artifact.gate import STATISTICS
from artifact.golden import Golden
from artifact.module import Deployed
from contract import ModelCard

# TorchScript is deprecated in torch 2.14; docs/decisions says why it is used, and what may follow it.
warnings.filterwarnings("ignore", message="`torch.jit", category=FutureWarning)

CARD = "model_card.json"
GOLDEN = "golden.npz"
INTEGERS = "features_int8.pt"
METHODS = ("prepare", "extract", "judge")


class Contents(NamedTuple):
    """What lies in a model file."""

    module: torch.jit.ScriptModule
    """A `Deployed` in half precision."""
    integers: bytes
    """The features in 8-bit integers, to be opened once the engine is set; empty if there are none."""
    card: ModelCard
    golden: Golden


def script(module: Deployed) -> torch.jit.ScriptModule:
    """Compile a module, its network in half precision."""
    return torch.jit.script(module.eval().requires_grad_(False).hold_in(torch.float16))


def script_features(integers: nn.Module) -> torch.jit.ScriptModule:
    """Compile a feature extractor in integers.

    Raises:
        IntegersUnsupported: if TorchScript cannot express it.
    """
    try:
        with warnings.catch_warnings():
            # torch's own quantised layers are annotated in a way that its compiler remarks on.
            warnings.filterwarnings("ignore", message="The TorchScript type system", category=UserWarning)
            return torch.jit.script(integers.eval())
    except (RuntimeError, FrontendError) as error:
        raise IntegersUnsupported("The quantised features cannot be compiled.") from error


def dump(module: torch.jit.ScriptModule) -> bytes:
    """Return a compiled module as an archive of its own."""
    stream = io.BytesIO()
    torch.jit.save(module, stream)
    return stream.getvalue()


def reopen(data: bytes) -> torch.jit.ScriptModule:
    """Open what `dump` returned, on the CPU; integer weights are packed for the engine that is set.

    Raises:
        RuntimeError: if it is damaged, or this machine's engine cannot compute it.
    """
    module: torch.jit.ScriptModule = torch.jit.load(  # type: ignore[no-untyped-call]  # as torch leaves it
        io.BytesIO(data), map_location="cpu"
    )
    return module.eval()


def pack(contents: Contents) -> bytes:
    """Return the bytes of a model file."""
    stream = io.BytesIO()
    extra = {CARD: contents.card.model_dump_json(indent=1).encode(), GOLDEN: contents.golden.dump()}
    if contents.integers:
        extra[INTEGERS] = contents.integers
    torch.jit.save(contents.module, stream, _extra_files=extra)
    return stream.getvalue()


def unpack(data: bytes, device: torch.device) -> Contents:
    """Read the bytes of a model file, and check that its parts belong together.

    Raises:
        ArtifactInvalid: if they are damaged, not a model file of this project, or contradict each other.
    """
    extra: dict[str, str | bytes] = {CARD: "", GOLDEN: "", INTEGERS: ""}
    try:
        module = torch.jit.load(  # type: ignore[no-untyped-call]  # torch leaves it untyped
            io.BytesIO(data), map_location=device, _extra_files=extra
        )
        card = ModelCard.model_validate_json(extra[CARD])
    except (RuntimeError, ValidationError) as error:
        raise ArtifactInvalid(
            "The model file is damaged, or was not written by `python -m training export`."
        ) from error
    if not all(hasattr(module, name) for name in METHODS):
        raise ArtifactInvalid("The model file was written by another version. Export the model again.")
    expected = golden.parse(_bytes(extra[GOLDEN]))
    if any(outputs.probabilities.shape[1:] != (len(card.classes),) for outputs in expected.outputs.values()):
        raise ArtifactInvalid("The model file's outputs do not fit the classes on its card.")
    if bool(extra[INTEGERS]) != ("int8" in expected.outputs):
        raise ArtifactInvalid("The model file's parts do not belong together. Export the model again.")
    if tuple(limit.statistic for limit in card.gate) != STATISTICS:
        raise ArtifactInvalid("The model file's gate does not fit its card. Export the model again.")
    return Contents(module.eval(), _bytes(extra[INTEGERS]), card, expected)


def _bytes(content: str | bytes) -> bytes:
    """Undo that torch reads bytes as text where they happen to be such."""
    return content.encode("latin-1") if isinstance(content, str) else content
