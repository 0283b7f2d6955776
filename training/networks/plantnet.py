"""PlantNetV2: four convolutions and three fully connected layers, 104.8 million weights."""

from collections import OrderedDict

import torch
from torch import nn

from training.networks.network import Network, Pooled

CHANNELS = (64, 128, 256, 512)
"""Output channels of the four convolutions."""
GRID = 14
"""Edge of the last feature map for a 224 px input."""
HIDDEN = (1024, 512)
"""Outputs of the first two fully connected layers."""


def build_features() -> nn.Sequential:
    """Build four times convolution 3x3 with padding 1, ReLU and 2x2 max-pool.

    A batch (N, 3, E, E) becomes (N, 512, E/16, E/16).
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    before = 3
    for index, after in enumerate(CHANNELS, start=1):
        layers[f"conv{index}"] = nn.Conv2d(before, after, kernel_size=3, padding=1)
        layers[f"relu{index}"] = nn.ReLU(inplace=True)
        layers[f"pool{index}"] = nn.MaxPool2d(2)
        before = after
    return nn.Sequential(layers)


def build_head(gather: nn.Module, inputs: int, classes: int) -> nn.Sequential:
    """Build three fully connected layers with ReLU and dropout 0.5 between, from maps to logits.

    `gather` makes `inputs` numbers of the feature maps of an image: all of them, or their means.
    """
    return nn.Sequential(
        OrderedDict[str, nn.Module](
            gather=gather,
            fc1=nn.Linear(inputs, HIDDEN[0]),
            relu1=nn.ReLU(inplace=True),
            dropout1=nn.Dropout(0.5),
            fc2=nn.Linear(HIDDEN[0], HIDDEN[1]),
            relu2=nn.ReLU(inplace=True),
            dropout2=nn.Dropout(0.5),
            fc3=nn.Linear(HIDDEN[1], classes),
        )
    )


class PlantNetV2(Network):
    """The specified network: float batch (N, 3, 224, 224) -> logits (N, classes)."""

    def __init__(self, classes: int = 2) -> None:
        super().__init__(build_features(), build_head(nn.Flatten(), CHANNELS[-1] * GRID * GRID, classes))
        initialise(self)


class PooledPlantNetV2(Network):
    """The same layers behind global average pooling, so that they can learn on small crops of any size.

    `inflate` turns its weights into a PlantNetV2 that gives the same outputs at 224 px.
    """

    def __init__(self, classes: int = 2) -> None:
        super().__init__(build_features(), build_head(Pooled(), CHANNELS[-1], classes))
        initialise(self)


def initialise(network: nn.Module) -> None:
    """Draw weights after He et al. 2015 (doi 10.1109/ICCV.2015.123), lest the ReLU layers start dead."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            assert layer.bias is not None  # noqa: S101 - every layer here has one
            nn.init.zeros_(layer.bias)


@torch.no_grad()
def inflate(pooled: PooledPlantNetV2) -> PlantNetV2:
    """Build the full network that computes what `pooled` computes.

    The mean over the 14x14 grid is a linear map, so it can stand in the first fully connected layer: each of
    its weights is repeated at the 196 positions and divided by 196.
    """
    classes = pooled.get_parameter("head.fc3.weight").shape[0]
    full = PlantNetV2(classes)
    state = pooled.state_dict()
    state["head.fc1.weight"] = state["head.fc1.weight"].repeat_interleave(GRID * GRID, dim=1) / (GRID * GRID)
    full.load_state_dict(state)
    return full
