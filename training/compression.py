"""The low-rank first fully connected layer: 98 % of PlantNetV2's weights, and nearly all of them idle."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from training.networks.plantnet import PlantNetV2, PooledPlantNetV2

RANK = 16
METHOD = (
    f"first fully connected layer reduced to the {RANK} principal components of its outputs; "
    "weights held in half precision"
)


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


def compress(network: PlantNetV2 | PooledPlantNetV2, outputs: Tensor, rank: int = RANK) -> nn.Sequential:
    """Build the head of `network` with its first layer factorised; `outputs` as for `factorise`."""
    layers = OrderedDict[str, nn.Module](network.head.named_children())
    first = layers["fc1"]
    assert isinstance(first, nn.Linear)  # noqa: S101 - narrows the type: build_head makes it one
    layers["fc1"] = factorise(first, outputs, rank)
    return nn.Sequential(layers)
