"""The model file: TorchScript with its card, digest and golden inputs inside, and the way images enter it.

The names below are imported when they are asked for: decoding needs this package but not torch, and a decoder
process would otherwise take 200 MB more.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from artifact.device import choose_device, is_gpu, use_cores
    from artifact.errors import (
        ArtifactError,
        ArtifactInvalid,
        ArtifactMissing,
        DeviceMissing,
        DigestMismatch,
        DigestMissing,
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
    "DigestMismatch",
    "DigestMissing",
    "DomainDistance",
    "Foreignness",
    "Gate",
    "Golden",
    "GoldenMismatch",
    "IntegersUnsupported",
    "Outputs",
    "choose_device",
    "is_gpu",
    "load",
    "save",
    "use_cores",
]

_HOMES = {
    "Artifact": "model",
    "Deployed": "module",
    "DomainDistance": "gate",
    "Foreignness": "gate",
    "Gate": "gate",
    "Golden": "golden",
    "Outputs": "golden",
    "choose_device": "device",
    "is_gpu": "device",
    "load": "file",
    "save": "file",
    "use_cores": "device",
}
"""The modules of the names; those of the errors are all in one."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(name)
    return getattr(import_module(f"artifact.{_HOMES.get(name, 'errors')}"), name)
