"""Where in a picture the evidence lies that a loaded model file answers by: its class-activation map.

Gradient times activation at the last feature maps, place by place (HiResCAM, Draelos & Carin 2020,
arXiv 2011.08891), signed. Behind a head that averages first it equals Grad-CAM (Selvaraju et al. 2017,
arXiv 1610.02391) without its rectification. The gradient is that of the calibrated log odds of malignancy and
goes back through `head` only, so it is exact whatever the feature maps were computed in, 8-bit integers too.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from artifact.golden import Outputs, Picture
from artifact.model import Artifact
from artifact.preprocess import INPUT_EDGE, tile_edge
from contract import ModelCard

Evidence = NDArray[np.float32]


class Explained(NamedTuple):
    """What a model says of one picture, and where it sees that."""

    outputs: Outputs
    """As `Artifact.predict` gives them, for one image."""
    evidence: Evidence
    """Contributions to the log odds of malignancy, (E, E), stretched over the whole picture.

    Positive where it speaks for malignant, negative where for benign. E is the edge of the tile in which the
    picture entered the network.
    """


def explain(model: Artifact, picture: Picture) -> Explained:
    """Compute outputs and evidence of a uint8 RGB image (H, W, 3) of any size.

    Raises:
        FloatingPointError: if the evidence is no number.
    """
    with torch.no_grad():
        batch = model.prepare([torch.from_numpy(np.ascontiguousarray(picture))])
        maps = model.features(batch)
        probabilities, gate = model.judge(batch, maps)
    contributions = _contributions(model, maps)
    if not bool(torch.isfinite(contributions).all()):
        raise FloatingPointError("the evidence is no number")
    height, width = picture.shape[:2]
    edge = tile_edge(height, width, enlargement=model.enlargement)
    outputs = Outputs(probabilities.float().cpu().numpy(), gate.float().cpu().numpy())
    return Explained(outputs, fold(_stretch(contributions), edge).cpu().numpy())


def _contributions(model: Artifact, maps: Tensor) -> Tensor:
    """Return gradient times activation, summed over the channels: (h, w), float32."""
    with torch.enable_grad():
        leaf = maps.detach().clone().requires_grad_()
        odds = log_odds(model.head(leaf).float(), model.card)
        (gradient,) = torch.autograd.grad(odds.sum(), leaf)
    return (gradient.float() * leaf.detach().float()).sum(1)[0]


def log_odds(logits: Tensor, card: ModelCard) -> Tensor:
    """Return the calibrated log odds (N,) of the malignant classes against the others, of logits (N, C)."""
    calibration = card.calibration
    bias = torch.tensor(calibration.bias or [0.0] * len(card.classes), device=logits.device)
    calibrated = logits / calibration.temperature + bias
    malignant = torch.tensor([each.malignant for each in card.classes], device=logits.device)
    absent = torch.tensor(-math.inf, device=logits.device)
    of_malignant = torch.where(malignant, calibrated, absent).logsumexp(1)
    return of_malignant - torch.where(malignant, absent, calibrated).logsumexp(1)


def _stretch(contributions: Tensor) -> Tensor:
    """Interpolate (h, w) over the network's input (224, 224)."""
    size = [INPUT_EDGE, INPUT_EDGE]
    return functional.interpolate(contributions[None, None], size=size, mode="bilinear")[0, 0]


def fold(values: Tensor, edge: int) -> Tensor:
    """Lay the mirrored copies in which a small patch entered the network (`mirror`) back onto it.

    Returns:
        The mean over the copies, (edge, edge), of values (224, 224).
    """
    whole, copies = values.size(0), -(-values.size(0) // edge)
    rest = copies * edge - whole  # what `mirror` cut off
    padded = functional.pad(values, [0, rest, 0, rest])
    there = functional.pad(torch.ones_like(values), [0, rest, 0, rest])
    return _lay(padded, edge) / _lay(there, edge)


def _lay(values: Tensor, edge: int) -> Tensor:
    copies = values.size(0) // edge
    blocks = values.reshape(copies, edge, copies, edge).clone()
    blocks[1::2] = blocks[1::2].flip(1)
    blocks[:, :, 1::2] = blocks[:, :, 1::2].flip(3)
    return blocks.sum((0, 2))
