"""Smaller layers that compute nearly the same.

98 % of PlantNetV2's weights stand in its first fully connected layer, and nearly all of them idle.
"""

import copy
from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse

RANK = 16


@torch.no_grad()
def factorise(layer: nn.Linear, outputs: Tensor, rank: int = RANK) -> nn.Sequential:
    """Build two small layers that give what `layer` gives, on the axes along which its outputs vary.

    The first principal components U of the outputs on training images (N, out) span nearly all that the layer
    ever says there: y = U U^T (W x + b - m) + m, with m the mean output.

    Args:
        layer: The layer to replace.
        outputs: What it gave on training images, before the activation.
        rank: Number of components, at most min(N, out).
    """
    mean = outputs.mean(0)
    _, _, components = torch.linalg.svd(outputs - mean, full_matrices=False)
    axes = components[:rank].T.contiguous()
    reduce = nn.Linear(layer.in_features, axes.shape[1], bias=False)
    expand = nn.Linear(axes.shape[1], layer.out_features)
    reduce.weight.copy_(axes.T @ layer.weight)
    expand.weight.copy_(axes)
    expand.bias.copy_(axes @ (axes.T @ (layer.bias - mean)) + mean)
    return nn.Sequential(OrderedDict[str, nn.Module](reduce=reduce, expand=expand))


def compress(head: nn.Module, outputs: Tensor | None, rank: int = RANK) -> nn.Module:
    """Return a copy of `head` with its layer `fc1` factorised; `outputs` as for `factorise`.

    Without them the copy is whole.
    """
    if outputs is None:
        return copy.deepcopy(head)
    others = {name: copy.deepcopy(layer) for name, layer in head.named_children() if name != "fc1"}
    layers = OrderedDict[str, nn.Module](
        (name, others.get(name, layer)) for name, layer in head.named_children()
    )
    first = layers["fc1"]
    assert isinstance(first, nn.Linear)  # noqa: S101 - narrows the type: build_head makes it one
    layers["fc1"] = factorise(first, outputs, rank)
    return nn.Sequential(layers)


def fold(features: nn.Module) -> nn.Module:
    """Return a copy in which batch normalisation, where there is any, is folded into the convolutions."""
    copied = copy.deepcopy(features).eval()
    if not any(isinstance(layer, nn.BatchNorm2d) for layer in copied.modules()):
        return copied
    folded: nn.Module = fuse(copied)
    return folded


def describe(rank: int, recipe: str | None) -> str:
    """Say what was done, for the model card; `rank` 0 for no factorised layer, `recipe` None for floats."""
    layer = f"first fully connected layer reduced to the {rank} principal components of its outputs; "
    integers = f"on CPUs convolutions in 8-bit integers, weights in 7 bits, {recipe} on training images; "
    return (layer if rank else "") + (integers if recipe else "") + "weights held in half precision"
