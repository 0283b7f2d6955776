"""Convolutions in 8-bit integers for CPUs, their ranges read off training images.

`torch.ao.quantization` is deprecated, and stands in this file only; docs/decisions says why it is used still.
"""

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
from training.compression import fold
from training.networks.network import Rescale
from training.rounding import round_weights

BATCH = 8
ROUNDED_ON = 64
"""Training images on which the errors of rounded weights are to cancel out."""


class Recipe(NamedTuple):
    """How the scales of activations are chosen, and how wide weights may be.

    CPUs without VNNI add two products in 16 bits, and what exceeds them is silently cut off (oneDNN, "Nuances
    of int8 computations"; pytorch issue 103646). Weights of 7 bits prevent that for every image: torch holds
    activations to 0..255 only, whatever they were calibrated to, and 2 * 255 * 63 stays below 32768.
    """

    name: str
    observer: type[HistogramObserver] | type[MinMaxObserver]
    weights: int = 63
    """Largest value of a weight."""


RECIPES = (
    Recipe("scales by histogram", HistogramObserver),
    Recipe("scales by the largest value", MinMaxObserver),
)
"""In the order in which they are tried."""


def quantise(features: nn.Module, tiles: Tensor, recipe: Recipe) -> nn.Module:
    """Return `features` with convolutions in integers, for the engine that is set; maps come out as floats.

    Batch normalisation is folded into the convolutions. Weights get a scale a channel and are rounded so that
    their errors cancel out (see `training.rounding`), activations one a layer, read off what `tiles` give.

    Args:
        features: As trained; it is left as it is.
        tiles: Training images as the network's input (N, 3, 224, 224), uint8.
        recipe: How scales are chosen.

    Raises:
        IntegersUnsupported: if the network cannot be quantised.
    """
    mapping = QConfigMapping().set_global(_configure(recipe)).set_object_type(Rescale, None)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            warnings.filterwarnings("ignore", category=UserWarning, module="torch.ao")
            batches = [_read(part) for part in torch.split(tiles[:ROUNDED_ON], BATCH)]
            rounded = round_weights(fold(features).float(), batches, recipe.weights)
            observed = prepare_fx(rounded, mapping, (_read(tiles[:1]),))
            for part in torch.split(tiles, BATCH):
                observed(_read(part))
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
            quant_min=-recipe.weights,
            quant_max=recipe.weights,
        ),
    )
