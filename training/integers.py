"""Convolutions in 8-bit integers for CPUs, their ranges read off training images.

`torch.ao.quantization` is deprecated, and stands in this file only; docs/decisions says why it is used still.
"""

import copy
import warnings
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.ao.quantization import (
    HistogramObserver,
    MinMaxObserver,
    PerChannelMinMaxObserver,
    QConfig,
    QConfigMapping,
)
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx

from artifact import IntegersUnsupported
from artifact.preprocess import normalise
from training.networks.network import Rescale

BATCH = 8


class Recipe(NamedTuple):
    """How the scales of activations are chosen, and how wide weights may be.

    CPUs without VNNI add two products in 16 bits, and what exceeds them is silently cut off (oneDNN, "Nuances
    of int8 computations"; pytorch issue 103646). Weights of 7 bits prevent that for every image: torch holds
    activations to 0..255 only, whatever they were calibrated to, and 2 * 255 * 64 stays below 32768.
    """

    name: str
    observer: type[HistogramObserver] | type[MinMaxObserver]
    weights: int = 63
    """Largest value of a weight before rounding, which may add one."""


RECIPES = (
    Recipe("scales by histogram", HistogramObserver),
    Recipe("scales by the largest value", MinMaxObserver),
)
"""In the order in which they are tried."""


def quantise(features: nn.Module, tiles: Tensor, recipe: Recipe) -> nn.Module:
    """Return `features` with convolutions in integers, for the engine that is set; maps come out as floats.

    Weights get a scale a channel, activations one a layer, read off what `tiles` give there. Batch
    normalisation is folded into the convolutions.

    Args:
        features: As trained; it is left as it is.
        tiles: Training images as the network's input (N, 3, 224, 224), uint8.
        recipe: How scales are chosen.

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
        activation=recipe.observer.with_args(dtype=torch.quint8, quant_min=0, quant_max=255),
        weight=PerChannelMinMaxObserver.with_args(
            dtype=torch.qint8,
            qscheme=torch.per_channel_symmetric,
            quant_min=-recipe.weights - 1,
            quant_max=recipe.weights,
        ),
    )
