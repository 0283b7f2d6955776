"""Where in a picture the model sees its evidence, drawn over the picture or alone, as PNG."""

from collections.abc import Callable
from io import BytesIO
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from artifact import use_cores
from artifact.cam import Evidence, explain
from artifact.image import DecodedImage
from artifact.samples import Pixels
from contract.base import Payload
from inference_service.classifier import Classifier, read
from inference_service.quality import assess

LONGEST = 1024
"""Longest side of a heat map in pixels; larger pictures are drawn smaller."""
MALIGNANT, BENIGN = (255, 176, 0), (0, 158, 170)
"""Colours that also readers without red or green tell apart, and that stained tissue does not have."""
QUICK = 3
"""zlib's level: a picture of tissue hardly gets smaller with more."""


class Look(Payload):
    """How a heat map is to be drawn."""

    opacity: Annotated[float, Field(ge=0, le=1)] = 0.6
    """How strongly the strongest place is coloured."""
    overlay: bool = True
    """False for the colours alone, on a transparent ground."""


class Heatmap(NamedTuple):
    """A picture of evidence, and what it belongs to."""

    png: bytes
    image_sha256: str
    model_sha256: str
    usable: bool
    """Whether the image can be judged at all."""


def draw_heatmap(
    classifier: Classifier, data: bytes, decode: Callable[[bytes], DecodedImage], look: Look
) -> Heatmap:
    """Decode the image in `data` and draw its evidence; blocks, so call it from a worker thread.

    Raises:
        ImageError: if it cannot be decoded.
    """
    use_cores(1)  # the others are for predictions
    image, sha256 = read(data, decode)
    explained = explain(classifier.artifact, image.pixels)
    card = classifier.card
    quality = assess(image, card.gate, explained.outputs.gate[0].tolist(), card.modality)
    png = render(image.pixels, explained.evidence, look)
    return Heatmap(png, sha256, classifier.identity.sha256, quality.usable)


def render(pixels: Pixels, evidence: Evidence, look: Look) -> bytes:
    """Return the PNG, without any metadata: RGB, or RGBA without the picture.

    Strength is relative to the strongest place of this picture, and told by opacity; the colour tells whether
    it speaks for malignant or for benign.
    """
    height, width = pixels.shape[:2]
    shrink = min(1.0, LONGEST / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    values = np.asarray(Image.fromarray(evidence).resize(size, Image.Resampling.BILINEAR))
    colours = np.where((values > 0)[..., None], MALIGNANT, BENIGN).astype(np.uint8)
    strengths = _strengths(values) * np.float32(look.opacity)
    if look.overlay:
        ground = Image.fromarray(pixels).resize(size, Image.Resampling.BOX, reducing_gap=2.0)
        return _png(_blend(np.asarray(ground), colours, strengths))
    return _png(np.dstack([colours, np.rint(strengths * 255).astype(np.uint8)]))


def _strengths(values: Evidence) -> Evidence:
    """Map evidence to 0..1; where there is none at all, to 0."""
    most = np.abs(values).max()
    return np.abs(values) / most if most > 0 else np.zeros_like(values)


def _blend(ground: Pixels, colours: Pixels, strengths: Evidence) -> Pixels:
    cover = strengths[..., None]
    return np.rint(ground * (1 - cover) + colours * cover).astype(np.uint8)


def _png(picture: NDArray[np.uint8]) -> bytes:
    stream = BytesIO()
    Image.fromarray(picture).save(stream, "PNG", compress_level=QUICK)
    return stream.getvalue()
