"""What a model file computes: preprocessing, network, calibrated probabilities and gate statistics."""

import torch
from torch import Tensor, nn

from artifact.preprocess import Preprocess

STATISTICS = ("contrast", "domain_distance")
"""The columns of the gate: spread of the input's grey values (0..255), and `DomainDistance`."""


class DomainDistance(nn.Module):
    """How far pooled features lie from each training data set, in standard deviations; the nearest counts.

    Each data set is a normal distribution with a few free axes and one variance for all others
    (probabilistic PCA, Tipping & Bishop 1999, doi 10.1111/1467-9868.00196), so that a few hundred images
    suffice to estimate it. The distance is Mahalanobis', divided by the square root of the dimension: about
    1 for an image like those of the data set.

    Args:
        means: (D, F), one row a data set.
        axes: (D, F, R), orthonormal columns.
        deviations: (D, R), standard deviation along each axis.
        noise: (D,), standard deviation along all other axes.
    """

    means: Tensor
    axes: Tensor
    deviations: Tensor
    noise: Tensor

    def __init__(self, means: Tensor, axes: Tensor, deviations: Tensor, noise: Tensor) -> None:
        super().__init__()
        self.register_buffer("means", means)
        self.register_buffer("axes", axes)
        self.register_buffer("deviations", deviations)
        self.register_buffer("noise", noise)

    def forward(self, pooled: Tensor) -> Tensor:
        """Return the distance (N,) of pooled features (N, F) to the nearest data set."""
        offset = pooled.unsqueeze(0) - self.means.unsqueeze(1)
        along = torch.bmm(offset, self.axes)
        inside = (along / self.deviations.unsqueeze(1)).square().sum(2)
        outside = (offset.square().sum(2) - along.square().sum(2)).clamp(min=0)
        squared = inside + outside / self.noise.square().unsqueeze(1)
        return (squared / pooled.size(1)).sqrt().amin(0)


class Deployed(nn.Module):
    """Everything between decoded images and probabilities, in one scriptable module.

    `forward` is `prepare`, `extract` and `judge` in turn. They stand apart so that another way to extract
    feature maps, in integers, can take the middle place, and so that class-activation maps can be computed by
    going back from `head` to the maps.

    Args:
        features: (N, 3, 224, 224) -> feature maps (N, F, h, w).
        head: feature maps -> logits (N, classes).
        distance: The gate's distance to the training data.
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
        distance: DomainDistance,
        temperature: float,
        bias: Tensor | None = None,
        enlargement: int = 1,
    ) -> None:
        super().__init__()
        self.preprocess = Preprocess(enlargement)
        self.features = features
        self.head = head
        self.distance = distance
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
        grey = (batch.mean(1) * 127.5).flatten(1)
        logits = self.head(maps).float()
        distance = self.distance(maps.float().mean((2, 3)))
        probabilities = torch.softmax(logits / self.temperature + self.bias, 1)
        return probabilities, torch.stack([grey.std(1), distance], 1)

    def hold_in(self, precision: torch.dtype) -> "Deployed":
        """Hold the network's weights in this precision; everything around it stays float32."""
        self.features.to(precision)
        self.head.to(precision)
        self.precision = self.precision.to(precision)
        return self
