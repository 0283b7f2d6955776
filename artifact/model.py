"""A loaded model file: what it computes, and in which arithmetic."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from artifact.archive import Contents, reopen
from artifact.device import move, use_engine
from artifact.errors import GoldenMismatch
from artifact.golden import Outputs, Picture
from contract import ModelCard

Arithmetic = Literal["float", "int8"]


class Artifact:
    """A loaded model file that has reproduced its golden outputs."""

    def __init__(self, contents: Contents, data: bytes, device: torch.device) -> None:
        self._contents = contents
        self._integers: torch.jit.ScriptModule | None = None
        self.card: ModelCard = contents.card
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.size = len(data)
        self.device = device

    @property
    def arithmetic(self) -> Arithmetic:
        """What the convolutions compute in."""
        return "int8" if self._integers else "float"

    @property
    def prepare(self) -> Callable[[list[Tensor]], Tensor]:
        """From uint8 images (H, W, 3) to the network's input (N, 3, 224, 224)."""
        method: Callable[[list[Tensor]], Tensor] = self._contents.module.prepare
        return method

    @property
    def features(self) -> Callable[[Tensor], Tensor]:
        """From the network's input to feature maps (N, F, h, w)."""
        extract: Callable[[Tensor], Tensor] = self._integers or self._contents.module.extract
        return extract

    @property
    def head(self) -> Callable[[Tensor], Tensor]:
        """From feature maps to logits (N, C); gradients flow back through it, for class-activation maps."""
        head: Callable[[Tensor], Tensor] = self._contents.module.head
        return head

    @property
    def judge(self) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """From the network's input and feature maps to probabilities (N, C) and gate statistics (N, K)."""
        judge: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] = self._contents.module.judge
        return judge

    @property
    def enlargement(self) -> int:
        """How far small patches are enlarged on their way in, as for `make_tile`."""
        return int(self._contents.module.preprocess.enlargement)

    def predict(self, images: Sequence[Picture]) -> Outputs:
        """Return probabilities and gate statistics of uint8 RGB images (H, W, 3) of any sizes."""
        with torch.inference_mode():
            batch = self._enter([torch.from_numpy(np.ascontiguousarray(image)) for image in images])
            probabilities, gate = self.judge(batch, self.features(batch))
            return Outputs(probabilities.float().cpu().numpy(), gate.float().cpu().numpy())

    def _enter(self, images: list[Tensor]) -> Tensor:
        """Do what `prepare` does, on the CPU, and bring the result to the device by the fastest way."""
        batch: Tensor = self._contents.module.preprocess(images)
        return move(batch, self.device).contiguous(memory_format=torch.channels_last)

    def use_integers(self, engine: str) -> None:
        """Compute feature maps in 8-bit integers with this engine from now on.

        Raises:
            RuntimeError: if the engine cannot.
        """
        use_engine(engine)
        self._integers = reopen(self._contents.integers)
        self._contents.module.head.float()

    def use_floats(self) -> None:
        """Compute feature maps in float32 on a CPU, and in half precision, as they are stored, on a GPU."""
        self._integers = None
        if self.device.type == "cpu":
            self._contents.module.float()

    def check(self) -> None:
        """Compare with the golden outputs.

        Raises:
            GoldenMismatch: if an output deviates by more than the card allows for this arithmetic and device.
            RuntimeError: if it cannot be computed at all.
        """
        allowed = self.card.tolerance
        kind = "int8" if self._integers else self.device.type
        tolerance = allowed.get(kind, min(allowed.values()))
        expected = self._contents.golden
        if not self.predict(expected.images).agree(expected.outputs[self.arithmetic], tolerance):
            raise GoldenMismatch(
                f"On this machine's {self.device.type} the model file does not reproduce the outputs it was "
                f"written with (tolerance {tolerance}). Use another device, or export the model again."
            )
