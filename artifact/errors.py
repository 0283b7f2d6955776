"""What can be wrong with a model file.

ArtifactError
├── ArtifactMissing      there is no such file
├── ArtifactInvalid      it is no model file of ours, or its card does not fit it
├── DigestMismatch       it is another file than its digest says
├── DigestMissing        nothing says which digest it must have, and it must not do without
├── GoldenMismatch       on this machine it computes something else than when it was written
├── DeviceMissing        it was to be computed on a device that is not there
└── IntegersUnsupported  its features cannot be computed in 8-bit integers
"""


class ArtifactError(Exception):
    """The model file cannot be used; the message says what to do."""


class ArtifactMissing(ArtifactError):
    """There is no model file at that place."""


class ArtifactInvalid(ArtifactError):
    """The file is not a model file of this project, is damaged, or contradicts its own card."""


class DigestMismatch(ArtifactError):
    """The file does not have the digest that stands beside it, or that was demanded."""


class DigestMissing(ArtifactError):
    """There is no digest to compare the file with, where one is demanded."""


class DeviceMissing(ArtifactError):
    """There is no such device on this machine."""


class GoldenMismatch(ArtifactError):
    """The file does not reproduce its golden outputs on this machine."""


class IntegersUnsupported(ArtifactError):
    """The quantised features cannot be computed on this machine; the file can do without them."""
