"""The way from decoded images to signed `Prediction`s."""

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from artifact import Artifact
from artifact.image import DecodedImage
from contract import ImageFacts, ModelCard, ModelIdentity, OperatingPoint, Prediction, Quality
from inference_service.quality import assess

DIGITS = 6
"""Decimals of a probability: more than float32 and the golden tolerance can promise."""


class Sent(NamedTuple):
    """An image that was sent, decoded."""

    image: DecodedImage
    sha256: str
    """Digest of the file that it came in."""


def read(data: bytes, decode: Callable[[bytes], DecodedImage]) -> Sent:
    """Decode a file and take its digest; blocks, so call it from a worker thread.

    Raises:
        ImageError: if it cannot be decoded.
    """
    return Sent(decode(data), hashlib.sha256(data).hexdigest())


class Classifier:
    """Classifies images together and signs what it says; blocks, so call it from a worker thread."""

    def __init__(self, artifact: Artifact, *, sign: Callable[[Prediction], Prediction]) -> None:
        self.artifact = artifact
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
        return self.artifact.card

    def __call__(self, batch: Sequence[Sent]) -> list[Prediction | Exception]:
        """Classify a batch; what fails for one image stands in its place and costs no other its answer."""
        try:
            outputs = self.artifact.predict([sent.image.pixels for sent in batch])
        except Exception as error:  # whatever it is, its caller is told
            # One of several may be to blame; alone it is.
            return [error] if len(batch) == 1 else [self([sent])[0] for sent in batch]
        rows = zip(batch, outputs.probabilities.tolist(), outputs.gate.tolist(), strict=True)
        return [self._conclude(*row) for row in rows]

    def _conclude(
        self, sent: Sent, probabilities: Sequence[float], statistics: Sequence[float]
    ) -> Prediction | Exception:
        try:
            quality = assess(sent.image, self.card.gate, statistics, self.card.modality)
            return self._sign(self._compose(sent, probabilities, quality))
        except Exception as error:  # here as well
            return error

    def _compose(self, sent: Sent, probabilities: Sequence[float], quality: Quality) -> Prediction:
        card, image = self.card, sent.image
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
                sha256=sent.sha256,
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
