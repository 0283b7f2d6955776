"""Rounding the weights of convolutions so that the errors of a layer cancel out on training images.

With 7 bits, rounding each weight to the nearest step is what costs most of an integer network's accuracy.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

POSITIONS = 1024
"""Places of an image's feature maps that are looked at, at most."""
TINY = 1e-12
"""Stands for the largest weight of a channel that has none."""
DAMPING = 0.01
"""Share of the mean that is added to the diagonal, lest inputs that hardly vary get wild weights."""


@torch.no_grad()
def round_weights(features: nn.Module, batches: list[Tensor], largest: int) -> nn.Module:
    """Return a copy of `features` whose dense convolutions hold `largest` whole steps to each side only.

    Weights are rounded one after the other, and what a weight loses is made up for by those that follow, as
    far as their inputs vary together (Frantar et al. 2022, arXiv 2210.17323). A quantiser that takes one
    scale a channel, from its largest weight, then finds just these steps.

    Args:
        features: In float32; convolutions of several groups are left alone.
        batches: Training images as the network reads them, each (N, 3, E, E).
        largest: Steps from zero to a channel's largest weight.
    """
    rounded = copy.deepcopy(features)
    layers = {
        name: layer
        for name, layer in rounded.named_modules()
        if isinstance(layer, nn.Conv2d) and layer.groups == 1
    }
    products = _observe(rounded, layers, batches)
    for name, layer in layers.items():
        weight = layer.weight.flatten(1)
        layer.weight.copy_(_round(weight, products[name], largest).view_as(layer.weight))
    return rounded


def _observe(features: nn.Module, layers: dict[str, nn.Conv2d], batches: list[Tensor]) -> dict[str, Tensor]:
    """Return for each layer the summed products of its inputs (D, D), D weights an output channel."""
    sums: dict[str, Tensor] = {}
    generator = torch.Generator().manual_seed(0)

    def look(name: str, layer: nn.Conv2d, maps: Tensor) -> None:
        assert isinstance(layer.padding, tuple)  # noqa: S101 - no layer here has its padding in words
        columns = functional.unfold(maps, layer.kernel_size, layer.dilation, layer.padding, layer.stride)
        chosen = torch.randperm(columns.shape[2], generator=generator)[:POSITIONS]
        rows = columns[:, :, chosen].transpose(1, 2).flatten(0, 1)
        sums[name] = sums.get(name, 0) + rows.T @ rows

    hooks = [
        layer.register_forward_pre_hook(
            lambda _, inputs, name=name, layer=layer: look(name, layer, inputs[0])
        )
        for name, layer in layers.items()
    ]
    for batch in batches:
        features(batch)
    for hook in hooks:
        hook.remove()
    return sums


def _round(weight: Tensor, products: Tensor, largest: int) -> Tensor:
    """Round a matrix of weights (O, D) whose inputs have these summed products (D, D)."""
    damped = products + DAMPING * products.diagonal().mean() * torch.eye(len(products))
    factor = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(damped)), upper=True)
    scale = weight.abs().amax(1).clamp(min=TINY) / largest
    left, rounded = weight.clone(), torch.empty_like(weight)
    # Each channel's largest weight stays, since a quantiser reads the scale off it.
    kept = weight.abs().argmax(1)
    for column in range(weight.shape[1]):
        wanted = torch.where(kept == column, weight[:, column], left[:, column])
        rounded[:, column] = (wanted / scale).round().clamp(-largest, largest) * scale
        lost = (left[:, column] - rounded[:, column]) / factor[column, column]
        left[:, column:] -= lost[:, None] * factor[column, column:]
    return rounded
