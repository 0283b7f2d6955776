import pytest
import torch

from artifact.preprocess import Preprocess, count_tiles, make_tile, mirror


def picture(height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(height * 1000 + width)
    return torch.randint(256, (height, width, 3), dtype=torch.uint8, generator=generator)


SMALL = [(1, 1), (1, 900), (10, 10), (50, 50), (75, 75), (100, 120), (112, 112)]
SIZES = [*SMALL, (113, 113), (224, 224), (460, 700)]


@pytest.mark.parametrize(("height", "width"), SIZES, ids=str)
def test_images_of_any_size_become_one_input(height, width):
    batch = Preprocess()([picture(height, width)])
    assert batch.shape == (1, 3, 224, 224)
    assert batch.min() >= -1
    assert batch.max() <= 1


def test_no_image_of_a_usual_size_is_enlarged_to_twice_its_size():
    for edge in range(32, 1000):
        assert 224 / count_tiles(edge, edge) < 2 * edge


def test_an_image_of_the_input_s_size_passes_untouched():
    image = picture(224, 224)
    assert torch.equal(mirror(make_tile(image)), image.permute(2, 0, 1))


def test_a_small_patch_is_mirrored_side_by_side():
    tile = make_tile(picture(50, 50))
    whole = mirror(tile)
    assert tile.shape == (3, 56, 56)
    assert torch.equal(whole[:, :56, :56], tile)
    assert torch.equal(whole[:, :56, 56:112], tile.flip(2))
    assert torch.equal(whole[:, 56:112, :56], tile.flip(1))


@pytest.mark.parametrize(("enlargement", "side"), [(1, 56), (2, 112), (3, 224), (4, 224)])
def test_a_network_may_want_small_patches_enlarged(enlargement, side):
    tile = make_tile(picture(50, 50), enlargement=enlargement)
    assert tile.shape == (3, side, side)
    assert torch.equal(Preprocess(enlargement)([picture(50, 50)])[0, :, :side, :side], tile / 127.5 - 1)


def test_large_images_enter_alike_whatever_the_enlargement():
    assert torch.equal(Preprocess(4)([picture(460, 700)]), Preprocess()([picture(460, 700)]))


def test_images_of_different_sizes_share_a_batch():
    images = [picture(50, 50), picture(460, 700), picture(224, 224)]
    batch = Preprocess()(images)
    for index, image in enumerate(images):
        assert torch.equal(batch[index], Preprocess()([image])[0])


def test_halving_a_picture_s_resolution_hardly_changes_the_input():
    smooth = torch.linspace(0, 255, 448).repeat(448, 1).to(torch.uint8).unsqueeze(2).repeat(1, 1, 3)
    half = smooth[::2, ::2]
    difference = Preprocess()([smooth]) - Preprocess()([half])
    assert difference.abs().max() < 0.02
