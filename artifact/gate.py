"""The gate of a model file: statistics by which images are told that the model cannot judge."""

import torch
from torch import Tensor, nn

from artifact.appearance import TRAITS, Appearance

STATISTICS = (
    "contrast",
    "brightness",
    "whiteness",
    "colour",
    "sharpness",
    "foreignness",
    "domain_distance",
)
"""The columns of the gate, of the image as it enters the network.

Contrast is the standard deviation and brightness the mean of grey values, whiteness the share of pixels that
are white, colour the mean saturation of what is not white, all in 0..255. Sharpness is the amount of the
finest detail against that of four pixels. `Foreignness` and `DomainDistance` are described below.
"""
CLIP = 6.0
"""Most by which one trait may stand out, in standard deviations."""


class Foreignness(nn.Module):
    """How much more a picture looks like anything else than like training images: a logistic regression.

    It reads the traits that `Appearance` measures, so it is the same in every arithmetic. Above 0 a picture
    is foreign. As built it finds nothing foreign: `weight` and `bias` are zero until they are fitted.
    """

    centre: Tensor
    spread: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.clip = CLIP
        self.register_buffer("centre", torch.zeros(TRAITS))
        self.register_buffer("spread", torch.ones(TRAITS))
        self.register_buffer("weight", torch.zeros(TRAITS))
        self.register_buffer("bias", torch.zeros(1))

    def forward(self, traits: Tensor) -> Tensor:
        """Return the foreignness (N,) of traits (N, TRAITS)."""
        return torch.matmul(self.standardise(traits), self.weight) + self.bias

    @torch.jit.export
    def standardise(self, traits: Tensor) -> Tensor:
        """Return traits in standard deviations from the mean of the pictures that it was fitted to."""
        return ((traits - self.centre) / self.spread).clamp(-self.clip, self.clip)


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


class Gate(nn.Module):
    """All statistics of the gate.

    Args:
        distance: The distance of pooled features to the training data.
        foreignness: As fitted, or none that finds anything foreign.
    """

    def __init__(self, distance: DomainDistance, foreignness: Foreignness | None = None) -> None:
        super().__init__()
        self.appearance = Appearance()
        self.foreignness = foreignness or Foreignness()
        self.distance = distance

    def forward(self, batch: Tensor, pooled: Tensor) -> Tensor:
        """Return the statistics (N, K) of a network's input (N, 3, 224, 224) and pooled features (N, F)."""
        looks = self.appearance(batch)
        fitted = torch.stack([self.foreignness(looks.traits), self.distance(pooled)], 1)
        return torch.cat([looks.basic, fitted], 1)
