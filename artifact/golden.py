"""Golden inputs: rendered pictures, and the outputs that a model file must reproduce where it is loaded."""

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from artifact.errors import ArtifactInvalid

Picture = NDArray[np.uint8]
Table = NDArray[np.float32]


class Outputs(NamedTuple):
    """What a model file says of N images."""

    probabilities: Table
    """Calibrated, (N, C), in the order of the card's classes."""
    gate: Table
    """Statistics, (N, K), in the order of the card's gate."""

    def agree(self, other: "Outputs", tolerance: float) -> bool:
        """Compare within `tolerance`, absolute for values up to 1 and relative above."""
        return all(
            ours.shape == theirs.shape and bool(np.allclose(ours, theirs, rtol=tolerance, atol=tolerance))
            for ours, theirs in zip(self, other, strict=True)
        )


class Golden(NamedTuple):
    """Pictures (H, W, 3) of different sizes, and what the file gave for them when it was written."""

    images: Sequence[Picture]
    outputs: Mapping[str, Outputs]
    """By arithmetic: `float`, and `int8` where the file has it."""

    def dump(self) -> bytes:
        """Return the pictures and outputs as an NPZ archive."""
        arrays: dict[str, NDArray[Any]] = {
            f"image_{index:02d}": image for index, image in enumerate(self.images)
        }
        for arithmetic, outputs in self.outputs.items():
            arrays |= {f"{arithmetic}_{name}": table for name, table in outputs._asdict().items()}
        stream = io.BytesIO()
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
            kinds = [name.removesuffix("_gate") for name in archive.files if name.endswith("_gate")]
            outputs = {
                kind: Outputs(*(archive[f"{kind}_{name}"] for name in Outputs._fields)) for kind in kinds
            }
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError, EOFError) as error:
        raise ArtifactInvalid(
            "The model file's golden inputs cannot be read. Export the model again."
        ) from error
    if not images or "float" not in outputs:
        raise ArtifactInvalid("The model file has no golden inputs to prove itself with. Export it again.")
    return Golden(images, outputs)
