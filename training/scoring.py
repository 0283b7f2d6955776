"""What a network says of each sample."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from artifact.preprocess import INPUT_EDGE, mirror, normalise
from training.data import Sample, Tiles
from training.networks import Network

BATCH = 32


class Scores(NamedTuple):
    """Outputs beside the truth, one row a sample."""

    samples: Sequence[Sample]
    outputs: NDArray[np.float32]
    """Logits or probabilities (N, classes)."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """Return the true class indices (N,)."""
        return np.array([sample.label for sample in self.samples], dtype=np.int64)

    def probabilities(self, temperature: float = 1.0) -> NDArray[np.float64]:
        """Return softmax(logits / temperature) (N, classes)."""
        scaled = self.outputs.astype(np.float64) / temperature
        scaled -= scaled.max(axis=1, keepdims=True)
        exponentials = np.exp(scaled)
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


Prepare = Callable[[Tensor], Tensor]
"""From a tile (3, E, E) to what the network reads."""


def surround(tile: Tensor) -> Tensor:
    """Put mirror images around a patch, and leave a whole field as it is: for a network that reads any size.

    A quarter of the whole input shows the same edges and seams.
    """
    return mirror(tile, max(tile.shape[-1], INPUT_EDGE // 2))


@torch.inference_mode()
def score(
    network: Network, samples: Sequence[Sample], device: torch.device, prepare: Prepare = mirror
) -> Scores:
    """Return the network's logits for each sample; `prepare` is `mirror` for the full network's input."""
    network.eval()
    tiles = Tiles(samples, network.enlargement)
    outputs = np.zeros((len(samples), 0), dtype=np.float32)
    for start in tqdm(range(0, len(samples), BATCH), desc="scoring", unit="batch", leave=False, disable=None):
        rows = range(start, min(start + BATCH, len(samples)))
        images = [prepare(tiles[row][0]) for row in rows]
        logits = _logits(network, images, device)
        if outputs.shape[1] == 0:
            outputs = np.zeros((len(samples), logits.shape[1]), dtype=np.float32)
        outputs[start : start + len(images)] = logits
    return Scores(samples, outputs)


def _logits(network: Network, images: list[Tensor], device: torch.device) -> NDArray[np.float32]:
    """Return logits for images of several sizes: those of one size go through together."""
    result: list[NDArray[np.float32]] = [np.zeros(0, dtype=np.float32)] * len(images)
    for rows in group_by_size(images).values():
        batch = torch.stack([images[row] for row in rows]).to(device).float()
        logits = network(normalise(batch).contiguous(memory_format=torch.channels_last))
        for row, values in zip(rows, logits.float().cpu().numpy(), strict=True):
            result[row] = values
    return np.stack(result)


def group_by_size(images: Sequence[Tensor]) -> dict[int, list[int]]:
    """Return the indices of the images of each edge length."""
    groups: dict[int, list[int]] = defaultdict(list)
    for index, image in enumerate(images):
        groups[image.shape[-1]].append(index)
    return dict(groups)
