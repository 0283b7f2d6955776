"""What every network is: `features`, which makes maps of an image, and `head`, which judges them."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

LEAST_EDGE = 64
"""Views of this edge and more give every network maps of several values, over which layers can normalise."""


class Network(nn.Module):
    """Features and head, held apart so that class-activation maps can be computed between them.

    Args:
        features: (N, 3, E, E) in -1..1 -> feature maps (N, F, h, w).
        head: Feature maps -> logits (N, classes).
        enlargement: How far small patches are enlarged for it; see `artifact.preprocess.make_tile`.
    """

    def __init__(self, features: nn.Module, head: nn.Module, enlargement: int = 1) -> None:
        super().__init__()
        self.enlargement = enlargement
        self.features = features
        self.head = head

    def forward(self, batch: Tensor) -> Tensor:
        """Return logits (N, classes)."""
        logits: Tensor = self.head(self.features(batch))
        return logits


class Pooled(nn.Module):
    """The mean over the grid of feature maps: (N, F, h, w) -> (N, F)."""

    def forward(self, maps: Tensor) -> Tensor:
        """Return the means."""
        return maps.mean((2, 3))


class Rescale(nn.Module):
    """From pixels in -1..1 to the mean and spread that a network was trained with on ImageNet."""

    factor: Tensor
    shift: Tensor

    def __init__(self) -> None:
        super().__init__()
        mean, spread = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        self.register_buffer("factor", (0.5 / spread).view(3, 1, 1), persistent=False)
        self.register_buffer("shift", ((0.5 - mean) / spread).view(3, 1, 1), persistent=False)

    def forward(self, batch: Tensor) -> Tensor:
        """Return the batch in ImageNet's scale."""
        return batch * self.factor + self.shift


def build_classifier(inputs: int, classes: int) -> nn.Sequential:
    """Build the head of a pretrained network: mean over the grid, dropout 0.2, one linear layer."""
    layers = OrderedDict[str, nn.Module](
        pool=Pooled(), dropout=nn.Dropout(0.2), linear=nn.Linear(inputs, classes)
    )
    return nn.Sequential(layers)
