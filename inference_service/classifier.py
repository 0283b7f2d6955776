"""The way from the bytes of an image to a `Prediction`."""

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Literal

from artifact import Artifact
from artifact.image import DecodedImage
from contract import ImageFacts, ModelCard, ModelIdentity, OperatingPoint, Prediction, Quality
from inference_service.quality import assess

DIGITS = 6
"""Decimals of a probability: more than float32 and the golden tolerance can promise."""


class Classifier:
    """Classifies one image at a time and signs what it says; blocks, so call it from a worker thread."""

    def __init__(
        self,
        artifact: Artifact,
        *,
        decode: Callable[[bytes], DecodedImage],
        sign: Callable[[Prediction], Prediction],
    ) -> None:
        self._artifact = artifact
        self._decode = decode
        self._sign = sign
        card = artifact.card
        self.identity = ModelIdentity(
            name=card.name,
            version=card.version,
            architecture=card.architecture,
            modality=card.modality,
            sha256=artifact.sha256,
        )
        """Names the very file; stands in every answer."""

    @property
    def card(self) -> ModelCard:
        """What the model says of itself."""
        return self._artifact.card

    def __call__(self, data: bytes) -> Prediction:
        """Classify the image in `data`.

        Raises:
            ImageError: if it cannot be decoded.
        """
        image = self._decode(data)
        outputs = self._artifact.predict([image.pixels])
        quality = assess(image, self.card.gate, outputs.gate[0].tolist(), self.card.modality)
        return self._sign(self._compose(data, image, outputs.probabilities[0].tolist(), quality))

    def _compose(
        self, data: bytes, image: DecodedImage, probabilities: Sequence[float], quality: Quality
    ) -> Prediction:
        card = self.card
        malignant = malignant_probability(card, probabilities)
        likeliest = max(range(len(probabilities)), key=probabilities.__getitem__)
        return Prediction(
            label=card.classes[likeliest].name,
            decision=decide(malignant, card.operating_point, quality),
            malignant_probability=malignant,
            threshold=card.operating_point.threshold,
            band=card.operating_point.band,
            probabilities={c.name: _bounded(p) for c, p in zip(card.classes, probabilities, strict=True)},
            quality=quality,
            model=self.identity,
            image=ImageFacts(
                sha256=hashlib.sha256(data).hexdigest(),
                format=image.format,
                width=image.width,
                height=image.height,
            ),
        )


def malignant_probability(card: ModelCard, probabilities: Sequence[float]) -> float:
    """Sum the probabilities of the malignant classes."""
    return _bounded(sum(p for c, p in zip(card.classes, probabilities, strict=True) if c.malignant))


def decide(
    malignant: float, point: OperatingPoint, quality: Quality
) -> Literal["benign", "malignant", "indeterminate"]:
    """Cut the probability at the band of the operating point; an unusable image is never decided."""
    if not quality.usable:
        return "indeterminate"
    if malignant >= point.band.high:
        return "malignant"
    return "benign" if malignant < point.band.low else "indeterminate"


def _bounded(probability: float) -> float:
    """Round, and take away what float32 arithmetic adds beyond 0 and 1.

    Raises:
        FloatingPointError: for NaN, which a comparison would silently turn into a reassuring 0.
    """
    if not math.isfinite(probability):
        raise FloatingPointError("the model's output is no number")
    return min(1.0, max(0.0, round(probability, DIGITS)))
