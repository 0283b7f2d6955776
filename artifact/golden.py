"""Golden inputs: rendered pictures, and the outputs that a model file must reproduce where it is loaded."""

import io
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from artifact.errors import ArtifactInvalid

Picture = NDArray[np.uint8]
Table = NDArray[np.float32]


class Golden(NamedTuple):
    """Pictures (H, W, 3) of different sizes, and what the file gave for them when it was written."""

    images: Sequence[Picture]
    probabilities: Table
    gate: Table

    def dump(self) -> bytes:
        """Return the pictures and outputs as an NPZ archive."""
        stream = io.BytesIO()
        arrays: dict[str, NDArray[Any]] = {
            f"image_{index:02d}": image for index, image in enumerate(self.images)
        }
        arrays |= {"probabilities": self.probabilities, "gate": self.gate}
        np.savez_compressed(stream, allow_pickle=False, **arrays)
        return stream.getvalue()


def parse(data: bytes) -> Golden:
    """Read what `Golden.dump` wrote; nothing is unpickled.

    Raises:
        ArtifactInvalid: if it is no such archive.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            images = [archive[name] for name in sorted(archive.files) if name.startswith("image_")]
            return Golden(images, archive["probabilities"], archive["gate"])
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError, EOFError) as error:
        raise ArtifactInvalid(
            "The model file's golden inputs cannot be read. Export the model again."
        ) from error
