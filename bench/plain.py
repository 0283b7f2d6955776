"""A training loop as most people write one with torchvision."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Subset
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from artifact.preprocess import INPUT_EDGE


class PlainLoop:
    """ImageFolder, v2 transforms, a DataLoader, Adam and cross-entropy, all with their defaults.

    Args:
        network: What is fitted.
        root: Folder of class folders.
        rows: Which of its images are fitted on.
        edge: Edge of the views; smaller than the whole input they are cut out at random.
        batch_size: Images of one step.
        device: Where it computes.
    """

    def __init__(
        self,
        network: nn.Module,
        root: Path,
        rows: Sequence[int],
        *,
        edge: int,
        batch_size: int,
        device: torch.device,
    ) -> None:
        self._network = network.to(device)
        self._images = Subset(ImageFolder(str(root), _transform(edge)), rows)
        self._batch_size, self._device = batch_size, device
        self._optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)

    def fit_epoch(self, workers: int) -> float:
        """Fit on every image once, read by so many processes (0: by this one), and return the mean loss."""
        loader = DataLoader(self._images, self._batch_size, shuffle=True, num_workers=workers)
        self._network.train()
        total = 0.0
        for images, labels in loader:
            self._optimiser.zero_grad()
            logits = self._network(images.to(self._device))
            loss = functional.cross_entropy(logits, labels.to(self._device))
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            self._optimiser.step()
            total += loss.item() * len(labels)
        return total / len(self._images)


def _transform(edge: int) -> v2.Compose:
    cut = [v2.RandomCrop(edge)] if edge < INPUT_EDGE else []
    return v2.Compose(
        [
            v2.Resize((INPUT_EDGE, INPUT_EDGE)),
            *cut,
            v2.RandomHorizontalFlip(),
            v2.RandomVerticalFlip(),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )
