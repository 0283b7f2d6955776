"""What a model file computes: preprocessing, network, calibrated probabilities and gate statistics."""

import torch
from torch import Tensor, nn

from artifact.gate import Gate
from artifact.preprocess import Preprocess


class Deployed(nn.Module):
    """Everything between decoded images and probabilities, in one scriptable module.

    `forward` is `prepare`, `extract` and `judge` in turn. They stand apart so that another way to extract
    feature maps, in integers, can take the middle place, and so that class-activation maps can be computed by
    going back from `head` to the maps.

    Args:
        features: (N, 3, 224, 224) -> feature maps (N, F, h, w).
        head: feature maps -> logits (N, classes).
        gate: What measures whether the model may be trusted.
        temperature: Divides the logits before softmax.
        bias: Added to each class's logit after that, (classes,); zeros by default.
        enlargement: As for `make_tile`.
    """

    temperature: Tensor
    bias: Tensor
    precision: Tensor
    """Of one element: tells in which precision the network's weights are held."""

    def __init__(
        self,
        features: nn.Module,
        head: nn.Module,
        gate: Gate,
        temperature: float,
        bias: Tensor | None = None,
        enlargement: int = 1,
    ) -> None:
        super().__init__()
        self.preprocess = Preprocess(enlargement)
        self.features = features
        self.head = head
        self.gate = gate
        self.register_buffer("temperature", torch.tensor(temperature))
        self.register_buffer("bias", torch.zeros(1) if bias is None else bias.float())
        self.register_buffer("precision", torch.zeros(1))

    def forward(self, images: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return probabilities (N, C) and gate statistics (N, K), float32, of uint8 images (H, W, 3)."""
        batch = self.prepare(images)
        return self.judge(batch, self.extract(batch))

    @torch.jit.export
    def prepare(self, images: list[Tensor]) -> Tensor:
        """Return the network's input (N, 3, 224, 224), float32 in -1..1, on the network's device."""
        batch: Tensor = self.preprocess(images).to(self.temperature.device)
        return batch.contiguous(memory_format=torch.channels_last)

    @torch.jit.export
    def extract(self, batch: Tensor) -> Tensor:
        """Return feature maps (N, F, h, w), in the precision in which the weights are held."""
        maps: Tensor = self.features(batch.to(self.precision.dtype))
        return maps

    @torch.jit.export
    def judge(self, batch: Tensor, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities and gate statistics of an input and its feature maps."""
        logits = self.head(maps).float()
        probabilities = torch.softmax(logits / self.temperature + self.bias, 1)
        return probabilities, self.gate(batch, maps.float().mean((2, 3)))

    def hold_in(self, precision: torch.dtype) -> "Deployed":
        """Hold the network's weights in this precision; everything around it stays float32."""
        self.features.to(precision)
        self.head.to(precision)
        self.precision = self.precision.to(precision)
        return self
