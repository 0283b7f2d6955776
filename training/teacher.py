"""Learning from a trained network beside the labels: distillation (Hinton et al. 2015, arXiv 1503.02531).

Teacher and learner see the same view, so that the teacher answers for what is really there
(Beyer et al. 2022, doi 10.1109/CVPR52688.2022.01065).
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.checkpoint import read_weights
from training.networks import Network, build
from training.record import read_record

SHARE = 0.7
"""Weight of the teacher's answers; the labels have the rest."""
SOFTNESS = 2.0
"""Temperature at which both answers are compared."""
LEAST_EDGE = 112
"""Smaller views are enlarged for the teacher, which has learnt on views of at least this edge."""


class Teacher(nn.Module):
    """A trained network that is asked, and not changed."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)

    def train(self, mode: bool = True) -> "Teacher":  # noqa: ARG002 - torch's signature
        """Stay as it is: a teacher does not learn."""
        return self

    def mix(self, loss: Tensor, logits: Tensor, pixels: Tensor) -> Tensor:
        """Return the summed loss with the teacher's part.

        Args:
            loss: Summed over views, from the labels.
            logits: The learner's (N, classes).
            pixels: The views (N, 3, E, E) in -1..1.
        """
        theirs = self._ask(pixels) / SOFTNESS
        ours = functional.log_softmax(logits / SOFTNESS, 1)
        apart = functional.kl_div(ours, functional.log_softmax(theirs, 1), reduction="sum", log_target=True)
        return (1 - SHARE) * loss + SHARE * SOFTNESS**2 * apart

    @torch.no_grad()
    def _ask(self, pixels: Tensor) -> Tensor:
        if pixels.shape[-1] < LEAST_EDGE:
            pixels = functional.interpolate(pixels, size=[LEAST_EDGE, LEAST_EDGE], mode="bilinear")
        logits: Tensor = self._network(pixels.contiguous(memory_format=torch.channels_last))
        return logits.float()


def read_teacher(weights: Path) -> Teacher:
    """Read a network that `train` wrote, with the record beside its weights.

    Raises:
        StateInvalid: if the weights are missing, damaged, or none of ours.
    """
    record = read_record(weights)
    network = build(record.architecture, len(record.classes))
    read_weights(network, weights)
    return Teacher(network)
