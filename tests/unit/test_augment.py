import pytest
import torch

from training.augment import augment, crop, jitter_stain, turn


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_turns_rearrange_pixels_and_change_none():
    batch = torch.arange(16 * 3 * 4 * 4).reshape(16, 3, 4, 4)
    turned = turn(batch, generator())
    assert not torch.equal(turned, batch)
    assert torch.equal(turned.flatten(2).sort().values, batch.flatten(2).sort().values)


def test_stain_jitter_keeps_white_glass_nearly_white():
    white = torch.full((20, 3, 4, 4), 255.0)
    assert jitter_stain(white, generator()).min() > 180


def test_stain_jitter_varies_from_image_to_image():
    pink = torch.tensor([200.0, 120.0, 180.0]).reshape(1, 3, 1, 1).expand(8, 3, 2, 2)
    colours = jitter_stain(pink, generator())[:, :, 0, 0]
    assert len({tuple(colour.tolist()) for colour in colours}) == 8


@pytest.mark.parametrize("seed", range(20))
def test_crops_have_the_asked_size(seed):
    torch.manual_seed(seed)
    tile = torch.randint(256, (3, 224, 224), dtype=torch.uint8)
    assert crop(tile, 112).shape == (3, 112, 112)


def test_a_tile_that_is_small_already_is_not_cropped():
    tile = torch.zeros(3, 56, 56, dtype=torch.uint8)
    assert crop(tile, 112) is tile


def test_the_same_seed_gives_the_same_augmentation():
    batch = torch.randint(256, (4, 3, 8, 8), dtype=torch.uint8)
    assert torch.equal(augment(batch, generator(5)), augment(batch, generator(5)))
