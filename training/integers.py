"""Convolutions in 8-bit integers for CPUs, their ranges read off training images.

`torch.ao.quantization` is deprecated, and stands in this file only; docs/decisions says why it is used still.
"""

import copy
import warnings
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.ao.quantization import HistogramObserver, PerChannelMinMaxObserver, QConfig, QConfigMapping
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx

from artifact import IntegersUnsupported
from artifact.preprocess import normalise
from training.networks.network import Rescale

BATCH = 8


class Recipe(NamedTuple):
    """How wide integers may be.

    CPUs without VNNI add two products in 16 bits, and what exceeds them is silently cut off (oneDNN, "Nuances
    of int8 computations"; pytorch issue 103646). So one side of every product has to do with 7 bits:
    2 * 127 * 128 and 2 * 255 * 64 stay below 32768.
    """

    name: str
    activations: int
    """Largest value of an activation; the smallest is 0."""
    weights: int
    """Largest value of a weight; the smallest is one more below zero."""


RECIPES = (
    Recipe("7-bit activations and 8-bit weights", activations=127, weights=127),
    Recipe("8-bit activations and 7-bit weights", activations=255, weights=63),
)
"""In the order in which they are tried."""


def quantise(features: nn.Module, tiles: Tensor, recipe: Recipe) -> nn.Module:
    """Return `features` with convolutions in integers, for the engine that is set; maps come out as floats.

    Weights get a scale a channel; activations one a layer, such that the histogram of what `tiles` give there
    is met best. Batch normalisation is folded into the convolutions.

    Args:
        features: As trained; it is left as it is.
        tiles: Training images as the network's input (N, 3, 224, 224), uint8.
        recipe: How wide integers may be.

    Raises:
        IntegersUnsupported: if the network cannot be quantised.
    """
    mapping = QConfigMapping().set_global(_configure(recipe)).set_object_type(Rescale, None)
    original = copy.deepcopy(features).eval().float()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            warnings.filterwarnings("ignore", category=UserWarning, module="torch.ao")
            observed = prepare_fx(original, mapping, (_read(tiles[:1]),))
            for start in range(0, len(tiles), BATCH):
                observed(_read(tiles[start : start + BATCH]))
            return convert_fx(observed)
    except (RuntimeError, ValueError, NotImplementedError) as error:
        raise IntegersUnsupported(
            f"The network cannot be quantised ({type(error).__name__}: {error})."
        ) from error


def _read(tiles: Tensor) -> Tensor:
    return normalise(tiles.float()).contiguous(memory_format=torch.channels_last)


def _configure(recipe: Recipe) -> QConfig:
    return QConfig(  # type: ignore[no-untyped-call]  # torch leaves it untyped
        activation=HistogramObserver.with_args(dtype=torch.quint8, quant_min=0, quant_max=recipe.activations),
        weight=PerChannelMinMaxObserver.with_args(
            dtype=torch.qint8,
            qscheme=torch.per_channel_symmetric,
            quant_min=-recipe.weights - 1,
            quant_max=recipe.weights,
        ),
    )
