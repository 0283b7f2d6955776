"""The model file: TorchScript with its card, digest and golden inputs inside, and the way images enter it."""

from artifact.device import choose_device
from artifact.errors import (
    ArtifactError,
    ArtifactInvalid,
    ArtifactMissing,
    DeviceMissing,
    GoldenMismatch,
    IntegersUnsupported,
)
from artifact.file import load, save
from artifact.gate import DomainDistance, Foreignness, Gate
from artifact.golden import Golden, Outputs
from artifact.model import Artifact
from artifact.module import Deployed

__all__ = [
    "Artifact",
    "ArtifactError",
    "ArtifactInvalid",
    "ArtifactMissing",
    "Deployed",
    "DeviceMissing",
    "DomainDistance",
    "Foreignness",
    "Gate",
    "Golden",
    "GoldenMismatch",
    "IntegersUnsupported",
    "Outputs",
    "choose_device",
    "load",
    "save",
]
