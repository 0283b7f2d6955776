"""From images of any size to the network's input; it runs inside the artifact and in training alike.

By default an image is never enlarged to twice its size or more: a patch smaller than half the input edge is
mirrored side by side instead, so that its cells keep the size at which they were scanned. Networks that know
objects from larger pictures may want more: `enlargement` raises that limit.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

INPUT_EDGE = 224
"""Edge of the network's square input in pixels."""


def count_tiles(height: int, width: int, edge: int = INPUT_EDGE, enlargement: int = 1) -> int:
    """Return how often an image of this size stands side by side, in each direction, in the input."""
    return max(1, min(edge // max(1, min(height, width) * enlargement), 7))


def tile_edge(height: int, width: int, edge: int = INPUT_EDGE, enlargement: int = 1) -> int:
    """Return the edge of the square tile to which an image of this size is resized."""
    tiles = count_tiles(height, width, edge, enlargement)
    return (edge + tiles - 1) // tiles


def make_tile(image: Tensor, edge: int = INPUT_EDGE, enlargement: int = 1) -> Tensor:
    """Resize one uint8 image (H, W, 3) to the square tile (3, E, E) of which the input is made.

    E is 224 for an image of 113 px or more, 112 for one of 75 to 112 px, and so on, rounded up. The
    resampling is bilinear with antialiasing on uint8, so that training and serving see equal bytes.

    Args:
        image: As decoded.
        edge: Of the network's input.
        enlargement: A patch enters at less than twice this many times its size: one of 50 px as a tile of 56
            px with 1, of 112 px with 2, and of 224 px with 4.
    """
    side = tile_edge(image.size(0), image.size(1), edge, enlargement)
    planes = image.permute(2, 0, 1).unsqueeze(0)
    if planes.size(2) == side and planes.size(3) == side:
        return planes[0]
    return functional.interpolate(planes, size=[side, side], mode="bilinear", antialias=True)[0]


def mirror(tile: Tensor, edge: int = INPUT_EDGE) -> Tensor:
    """Lay a tile (3, E, E) out side by side, each copy mirrored against its neighbour, as (3, 224, 224)."""
    row = [tile if column % 2 == 0 else tile.flip([2]) for column in range(-(-edge // tile.size(2)))]
    band = torch.cat(row, dim=2)[:, :, :edge]
    bands = [band if line % 2 == 0 else band.flip([1]) for line in range(-(-edge // tile.size(1)))]
    return torch.cat(bands, dim=1)[:, :edge]


def normalise(pixels: Tensor) -> Tensor:
    """Map pixel values 0..255 to -1..1."""
    return pixels / 127.5 - 1.0


class Preprocess(nn.Module):
    """A list of uint8 RGB images (H, W, 3) of any size -> one float32 batch (N, 3, 224, 224) in -1..1.

    Args:
        enlargement: As for `make_tile`; what the network was trained with.
    """

    def __init__(self, enlargement: int = 1) -> None:
        super().__init__()
        self.enlargement = enlargement

    def forward(self, images: list[Tensor]) -> Tensor:
        """Resize, mirror and normalise."""
        tiles = [make_tile(image, enlargement=self.enlargement) for image in images]
        return normalise(torch.stack([mirror(tile) for tile in tiles]).float())
