import torch
from torch import nn

from training.rounding import round_weights

LARGEST = 63


def make_layer() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(16, 6, 3, padding=1)).eval()


def make_batch(seed: int) -> torch.Tensor:
    """Maps whose channels and neighbours vary together, as those of images do."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(8, 8, 6, 6, generator=generator)
    smooth = nn.functional.interpolate(coarse, size=24, mode="bilinear")
    return torch.cat([smooth, smooth + 0.05 * torch.rand(8, 8, 24, 24, generator=generator)], 1)


def steps_of(layer: nn.Conv2d) -> torch.Tensor:
    """What a quantiser with one scale a channel, from its largest weight, makes of the weights."""
    weight = layer.weight.detach().flatten(1)
    scale = weight.abs().amax(1, keepdim=True) / LARGEST
    return (weight / scale).round().clamp(-LARGEST, LARGEST)


def plain(layer: nn.Conv2d) -> torch.Tensor:
    weight = layer.weight.detach().flatten(1)
    return steps_of(layer) * weight.abs().amax(1, keepdim=True) / LARGEST


@torch.no_grad()
def test_errors_cancel_out_on_images_that_the_rounding_has_not_seen():
    features, batch = make_layer(), make_batch(1)
    nearest = make_layer()
    nearest[0].weight.copy_(plain(features[0]).view_as(features[0].weight))
    rounded = round_weights(features, [make_batch(0)], LARGEST)
    lost = [(each(batch) - features(batch)).square().mean().sqrt() for each in (nearest, rounded)]
    assert lost[1] < 0.5 * lost[0]


@torch.no_grad()
def test_a_quantiser_with_one_scale_a_channel_finds_the_very_steps():
    layer = round_weights(make_layer(), [make_batch(0)], LARGEST)[0]
    exact = layer.weight.flatten(1)
    steps = steps_of(layer)
    scale = make_layer()[0].weight.flatten(1).abs().amax(1, keepdim=True) / LARGEST
    assert torch.allclose(steps * scale, exact, atol=1e-6)


def test_the_layers_given_stay_as_they_are_and_grouped_ones_are_left_alone():
    torch.manual_seed(0)
    features = nn.Sequential(nn.Conv2d(16, 16, 3, groups=16), nn.Conv2d(16, 6, 1)).eval()
    before = [layer.weight.clone() for layer in features]
    rounded = round_weights(features, [make_batch(0)], LARGEST)
    assert all(torch.equal(layer.weight, weight) for layer, weight in zip(features, before, strict=True))
    assert torch.equal(rounded[0].weight, before[0])
    assert not torch.equal(rounded[1].weight, before[1])


def test_a_channel_without_any_weight_stays_without():
    features = make_layer()
    with torch.no_grad():
        features[0].weight[2] = 0
    rounded = round_weights(features, [make_batch(0)], LARGEST)
    assert torch.equal(rounded[0].weight[2], torch.zeros(16, 3, 3))
