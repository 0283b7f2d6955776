"""What the full network computes on training images: what compression and gate are fitted on."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from artifact.preprocess import mirror, normalise
from training.data import Sample, Tiles, draw_weights
from training.looks import VIEWS, Looks, add_rendered, look
from training.networks import Network

IMAGES = 2000
"""How many training images are drawn, at most."""
KEPT = 256
"""How many of them are kept as pixels, to calibrate integers on."""
BATCH = 4
"""Images held at a time; each may have a hundred megapixels."""


class Reference(NamedTuple):
    """An even draw of the training images, in random order, as the full network sees them."""

    samples: list[Sample]
    tiles: Tensor
    """The first of them as the network's input (M, 3, 224, 224), uint8."""
    pooled: Tensor
    """Feature maps, averaged over the grid (N, F)."""
    hidden: Tensor | None
    """Outputs of the first fully connected layer (N, H); None for a network without one."""
    looks: Looks
    """How the first of them look beside pictures that are none."""


@torch.inference_mode()
def refer(network: Network, train: Sequence[Sample]) -> Reference:
    """Run the full network over an even draw of the training images."""
    network.eval()
    count = min(IMAGES, len(train))
    drawn = torch.multinomial(draw_weights(train), count, generator=torch.Generator().manual_seed(0))
    samples = [train[index] for index in drawn.tolist()]
    read = Tiles(samples, network.enlargement)
    first = find_first(network.head)
    tiles, pooled, hidden, looks = [], [], [], []
    for start in range(0, count, BATCH):
        images = [read[index][0] for index in range(start, min(start + BATCH, count))]
        batch = torch.stack([mirror(image) for image in images])
        if start < VIEWS:
            looks.append(look(images, start))
        if start < KEPT:
            tiles.append(batch)
        maps = network.features(normalise(batch.float()).contiguous(memory_format=torch.channels_last))
        pooled.append(maps.mean((2, 3)))
        if first:
            hidden.append(first(maps.flatten(1)))
    return Reference(
        samples,
        torch.cat(tiles),
        torch.cat(pooled),
        torch.cat(hidden) if first else None,
        add_rendered(looks, network.enlargement),
    )


def find_first(head: nn.Module) -> nn.Linear | None:
    """Return PlantNetV2's first fully connected layer, which reads whole maps, or None for other heads."""
    first = dict(head.named_children()).get("fc1")
    return first if isinstance(first, nn.Linear) else None
