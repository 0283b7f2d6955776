import torch
from torch import nn

from training.compression import compress, factorise, fold
from training.networks.network import build_classifier
from training.networks.plantnet import PlantNetV2, PooledPlantNetV2, build_features, build_head, inflate


def test_the_features_are_four_times_convolution_relu_and_pool():
    kinds = [type(layer) for layer in build_features()]
    assert kinds == [nn.Conv2d, nn.ReLU, nn.MaxPool2d] * 4
    convolutions = [layer for layer in build_features() if isinstance(layer, nn.Conv2d)]
    channels = [(c.in_channels, c.out_channels) for c in convolutions]
    assert channels == [(3, 64), (64, 128), (128, 256), (256, 512)]
    assert all(c.kernel_size == (3, 3) and c.padding == (1, 1) for c in convolutions)


def test_the_head_is_three_linear_layers_with_relu_and_dropout_between():
    layers = list(build_head(nn.Flatten(), 512 * 14 * 14, classes=2))
    kinds = [nn.Flatten, nn.Linear, nn.ReLU, nn.Dropout, nn.Linear, nn.ReLU, nn.Dropout, nn.Linear]
    assert [type(layer) for layer in layers] == kinds
    assert [layer.out_features for layer in layers if isinstance(layer, nn.Linear)] == [1024, 512, 2]
    assert all(layer.p == 0.5 for layer in layers if isinstance(layer, nn.Dropout))


def test_the_network_has_its_104_8_million_weights():
    with torch.device("meta"):
        network = PlantNetV2()
    assert sum(value.numel() for value in network.parameters()) == 104_838_274
    assert network(torch.zeros(1, 3, 224, 224, device="meta")).shape == (1, 2)


def test_an_inflated_network_computes_what_the_pooled_one_did():
    torch.manual_seed(0)
    pooled = PooledPlantNetV2(classes=3).eval()
    full = inflate(pooled).eval()
    batch = torch.rand(2, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(full(batch), pooled(batch), atol=1e-4, rtol=1e-4)


def test_a_layer_whose_outputs_vary_along_few_axes_loses_nothing_when_factorised():
    torch.manual_seed(0)
    layer, inputs = nn.Linear(40, 30), torch.randn(100, 5) @ torch.randn(5, 40)
    with torch.inference_mode():
        small = factorise(layer, layer(inputs), rank=5)
        torch.testing.assert_close(small(inputs), layer(inputs), atol=1e-4, rtol=1e-4)


def test_a_lower_rank_than_the_outputs_need_is_seen_in_the_outputs():
    torch.manual_seed(0)
    layer, inputs = nn.Linear(40, 30), torch.randn(100, 40)
    with torch.inference_mode():
        small = factorise(layer, layer(inputs), rank=2)
        assert (small(inputs) - layer(inputs)).abs().max() > 0.1


def test_compression_replaces_the_first_layer_alone_and_leaves_the_network_as_it_is():
    network = PooledPlantNetV2()
    head = compress(network.head, torch.randn(50, 1024), rank=4)
    assert head.get_submodule("fc1.reduce").weight.shape == (4, 512)
    assert torch.equal(head.get_parameter("fc2.weight"), network.head.get_parameter("fc2.weight"))
    head.half()
    assert network.head.get_parameter("fc2.weight").dtype == torch.float32


def test_a_head_without_a_large_layer_is_kept_whole():
    head = build_classifier(6, 2).eval()
    maps = torch.rand(3, 6, 2, 2)
    assert torch.equal(compress(head, None)(maps), head(maps))


def test_normalisation_is_folded_into_the_convolution_before_it():
    torch.manual_seed(0)
    features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    features(torch.rand(8, 3, 9, 9))
    folded = fold(features)
    batch = torch.rand(2, 3, 9, 9)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in folded.modules())
    torch.testing.assert_close(folded(batch), features.eval()(batch))
