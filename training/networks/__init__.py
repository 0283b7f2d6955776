"""The networks that can be trained: PlantNetV2 as specified, and known ones with ImageNet weights."""

from training.networks.network import Network, Pooled
from training.networks.plantnet import PlantNetV2, PooledPlantNetV2, inflate
from training.networks.pretrained import ARCHITECTURES, PRETRAINED, WeightsMissing, begin, build

__all__ = [
    "ARCHITECTURES",
    "PRETRAINED",
    "Network",
    "PlantNetV2",
    "Pooled",
    "PooledPlantNetV2",
    "WeightsMissing",
    "begin",
    "build",
    "inflate",
]
