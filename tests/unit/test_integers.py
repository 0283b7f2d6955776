import pytest
import torch
from torch import nn

from artifact import IntegersUnsupported
from artifact.device import find_engine, use_engine
from training.integers import RECIPES, quantise
from training.networks.network import Rescale


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8))
        self.relu = nn.ReLU()

    def forward(self, maps):
        return self.relu(self.layers(maps) + maps)


def make_features() -> nn.Sequential:
    """As in the pretrained networks: another scale first, normalised convolutions, and a shortcut."""
    torch.manual_seed(0)
    stem = (nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
    return nn.Sequential(Rescale(), *stem, Residual(), nn.MaxPool2d(16)).eval()


def make_tiles(count: int) -> torch.Tensor:
    coarse = torch.randint(256, (count, 3, 14, 14), generator=torch.Generator().manual_seed(count)).float()
    return nn.functional.interpolate(coarse, size=224, mode="bilinear").byte()


@pytest.fixture(autouse=True)
def engine():
    use_engine(find_engine())


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_integers_give_nearly_the_maps_of_floats_for_images_they_were_not_calibrated_on(recipe):
    features = make_features()
    batch = make_tiles(5).float() / 127.5 - 1
    expected = features(batch)
    maps = quantise(features, make_tiles(16), recipe)(batch)
    assert maps.dtype == torch.float32
    assert ((maps - expected).norm() / expected.norm()).item() < 0.05


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_no_sum_of_two_products_leaves_16_bits_whatever_the_image(recipe):
    integers = quantise(make_features(), make_tiles(16), recipe)
    layers = [layer for layer in integers.modules() if hasattr(layer, "weight") and callable(layer.weight)]
    assert len(layers) == 2
    for layer in layers:
        largest = int(layer.weight().int_repr().abs().max())
        assert largest >= 60
        assert 2 * 255 * largest < 2**15


def test_the_trained_features_stay_as_they_are():
    features = make_features()
    before = {name: value.clone() for name, value in features.state_dict().items()}
    quantise(features, make_tiles(4), RECIPES[0])
    assert all(torch.equal(before[name], value) for name, value in features.state_dict().items())


def test_a_network_whose_way_depends_on_the_image_is_not_quantised():
    class Branching(nn.Module):
        def forward(self, batch):
            return batch if batch.sum() > 0 else -batch

    with pytest.raises(IntegersUnsupported, match="cannot be quantised"):
        quantise(nn.Sequential(Branching(), make_features()), make_tiles(2), RECIPES[0])
