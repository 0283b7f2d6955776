"""What can be told of a picture without a network: light, colours as densities, grain by scale."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

DIRECTIONS = 12
"""Hues of density that are told apart."""
SCALES = 5
"""Halvings of the input whose details are measured: 1, 2, 4, 8 and 16 pixels."""
FLOOR = 1e-3
"""Added to what is divided by or whose logarithm is taken: an eighth of a grey value."""
TRAITS = DIRECTIONS + 9 + 4 + SCALES * 8
"""How many traits there are."""


class Looks(NamedTuple):
    """What `Appearance` tells of N pictures."""

    basic: Tensor
    """(N, 5): the first statistics of `artifact.gate.STATISTICS`."""
    traits: Tensor
    """(N, TRAITS): numbers for a classifier, in no unit."""


class Appearance(nn.Module):
    """Measure pictures that were prepared for a network.

    Light is turned into optical density, in which stains add up; where a pixel's density points to beside
    grey is its hue and strength of stain (van der Laak et al. 2000, hue-saturation-density). Grain is the
    amount of detail in a Haar pyramid of grey, and of green against magenta.
    """

    first: Tensor
    haar: Tensor
    directions: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.scales = SCALES
        self.floor = FLOOR
        corners = torch.tensor([[1.0, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 4
        channels = torch.tensor([[1 / 3, 1 / 3, 1 / 3], [-0.5, 1.0, -0.5]])
        both = torch.einsum("oc,kp->okcp", channels, corners).reshape(8, 3, 2, 2)
        means = torch.einsum("oc,p->ocp", torch.eye(3), corners[0]).reshape(3, 3, 2, 2)
        self.register_buffer("first", torch.cat([both, means]))
        self.register_buffer("haar", corners.view(4, 1, 2, 2).repeat(2, 1, 1, 1))
        angles = torch.arange(DIRECTIONS) * (2 * math.pi / DIRECTIONS)
        self.register_buffer("directions", torch.stack([angles.cos(), angles.sin()], 1))

    def forward(self, batch: Tensor) -> Looks:
        """Measure a network's input (N, 3, 224, 224) in -1..1."""
        halved = functional.conv2d(batch, self.first, stride=2).contiguous()
        grey = halved[:, 0].flatten(1)
        small = (functional.avg_pool2d(halved[:, 8:], 2) + 1) / 2
        amount, energy = self._measure_grain(halved[:, :8])
        variance = grey.var(1) + energy[:, 0, 0].sum(1)
        sharpness = amount[:, 0, 0, 2] / (amount[:, 2, 0, :2].mean(1) + self.floor)
        basic = torch.cat([self._measure_light(grey, variance, small), sharpness.unsqueeze(1)], 1)
        density = -torch.log(small * (255 / 256) + 1 / 256).flatten(2)
        hues, channels = self._find_hues(density), self._compare_channels(density)
        grain = self._describe_grain(amount, energy)
        return Looks(basic, torch.cat([hues, channels, basic[:, :4] / 255, grain], 1))

    def _measure_light(self, grey: Tensor, variance: Tensor, small: Tensor) -> Tensor:
        """Return contrast, brightness, whiteness and colour (N, 4), in 0..255."""
        contrast = variance.sqrt() * 127.5
        brightness = (grey.mean(1) + 1) * 127.5
        whiteness = ((grey - 0.92) / 0.06).clamp(0, 1).mean(1) * 255
        darkest = small.amin(1).flatten(1)
        saturated = (small.amax(1).flatten(1) - darkest).mean(1)
        colour = saturated / ((1 - darkest).mean(1) + self.floor) * 255
        return torch.stack([contrast, brightness, whiteness, colour], 1)

    def _find_hues(self, density: Tensor) -> Tensor:
        """Return the share of stain by hue (N, DIRECTIONS) of optical densities (N, 3, P)."""
        off = density[:, 0] - density.mean(1)
        across = (density[:, 1] - density[:, 2]) / 3**0.5
        strength = (off * off + across * across).sqrt().unsqueeze(1)
        along = torch.matmul(self.directions, torch.stack([off, across], 1))
        lobes = (along - 0.8 * strength).clamp(min=0).mean(2)
        return lobes / (0.2 * strength.mean(2) + 2 * self.floor)

    def _compare_channels(self, density: Tensor) -> Tensor:
        """Return mean densities, their deviations, and how they go together (N, 9)."""
        level = density.mean(2)
        centred = density - level.unsqueeze(2)
        spread = torch.matmul(centred, centred.transpose(1, 2)) / centred.size(2)
        deviation = torch.stack([spread[:, 0, 0], spread[:, 1, 1], spread[:, 2, 2]], 1).clamp(min=0).sqrt()
        shared = torch.stack([spread[:, 0, 1], spread[:, 1, 2], spread[:, 2, 0]], 1)
        correlation = shared / (deviation * deviation.roll(-1, 1) + 10 * self.floor)
        return torch.cat([level, deviation, correlation], 1)

    def _measure_grain(self, levels: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean size and energy of details (N, SCALES, 2, 3): by channel across, along and aslant.

        `levels` (N, 8, h, w) is the first step of the pyramid.
        """
        sizes: list[Tensor] = []
        energies: list[Tensor] = []
        for scale in range(self.scales):
            if scale > 0:
                levels = functional.conv2d(levels[:, 0::4], self.haar, stride=2, groups=2)
            details = levels.flatten(2)
            sizes.append(details.abs().mean(2))
            energies.append(details.square().mean(2))
        shape = [levels.size(0), self.scales, 2, 4]
        amount = torch.stack(sizes, 1).view(shape)[..., 1:]
        return amount, torch.stack(energies, 1).view(shape)[..., 1:]

    def _describe_grain(self, amount: Tensor, energy: Tensor) -> Tensor:
        """Return by scale and channel how much detail there is, how even, and which way it runs (N, 40)."""
        total = amount.mean(3)
        evenness = total / (energy.sqrt().mean(3) + self.floor)
        lean = (torch.log(amount[..., 0] + self.floor) - torch.log(amount[..., 1] + self.floor)).abs()
        slant = amount[..., 2] / (total + self.floor)
        return torch.stack([torch.log(total + self.floor), evenness, lean, slant], 3).flatten(1)
