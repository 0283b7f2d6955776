"""A training loop as most people write one with torchvision."""

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Subset
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from artifact.preprocess import INPUT_EDGE
from bench.contest import Images, Setting


class PlainLoop:
    """ImageFolder, v2 transforms, a DataLoader, Adam and cross-entropy, all with their defaults.

    Args:
        network: What is fitted.
        images: What it is fitted on.
        edge: Edge of the views; smaller than the whole input they are cut out at random.
        setting: Batch size and device.
    """

    def __init__(self, network: nn.Module, images: Images, edge: int, setting: Setting) -> None:
        self._network = network.to(setting.device)
        self._images = Subset(ImageFolder(str(images.root), _transform(edge)), images.rows)
        self._setting = setting
        self._optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)

    def fit_epoch(self, workers: int) -> float:
        """Fit on every image once, read by so many processes (0: by this one), and return the mean loss."""
        device = self._setting.device
        loader = DataLoader(self._images, self._setting.batch_size, shuffle=True, num_workers=workers)
        self._network.train()
        total = 0.0
        for images, labels in loader:
            self._optimiser.zero_grad()
            loss = functional.cross_entropy(self._network(images.to(device)), labels.to(device))
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
