"""The model file: TorchScript with its card, digest and golden inputs inside, and the way images enter it."""

from artifact.errors import ArtifactError, ArtifactInvalid, ArtifactMissing, DeviceMissing, GoldenMismatch
from artifact.file import Artifact, Outputs, load, save
from artifact.golden import Golden
from artifact.module import Deployed, DomainDistance

__all__ = [
    "Artifact",
    "ArtifactError",
    "ArtifactInvalid",
    "ArtifactMissing",
    "Deployed",
    "DeviceMissing",
    "DomainDistance",
    "Golden",
    "GoldenMismatch",
    "Outputs",
    "load",
    "save",
]
