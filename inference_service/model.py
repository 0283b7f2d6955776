"""The model of a running service: being loaded, ready, or not to be had."""

import logging
from collections.abc import Callable

import anyio.to_thread

from artifact import ArtifactError, ArtifactInvalid, ArtifactMissing, DeviceMissing, GoldenMismatch
from inference_service.classifier import Classifier

logger = logging.getLogger(__name__)

LOADING = "The model is still being loaded and checked. Try again in a few seconds."

REASONS: dict[type[ArtifactError], str] = {
    ArtifactMissing: (
        "There is no model file. Put one where INFERENCE_MODEL says (`python -m training export` writes one) "
        "and start the service again."
    ),
    ArtifactInvalid: (
        "The model file cannot be used: it is damaged or was not written by `python -m training export`. "
        "Put a sound one where INFERENCE_MODEL says and start the service again."
    ),
    DeviceMissing: (
        "The device that INFERENCE_DEVICE names is not there. Use auto or cpu and start the service again."
    ),
    GoldenMismatch: (
        "The model does not compute on this machine what it computed where it was made, so its answers "
        "cannot be trusted. Export it again, or choose another INFERENCE_DEVICE, and start the service again."
    ),
}
"""What callers are told; the artifact's own words, which may name paths, go to the log only."""

BROKEN = "The model could not be loaded because of a fault of the service. Its log says more."


class ModelUnavailable(Exception):
    """There is no model to answer with; the message says why and what to do."""


class Model:
    """Holds the classifier once `load` has returned it, and until then the reason why there is none."""

    def __init__(self, load: Callable[[], Classifier]) -> None:
        self._load = load
        self._classifier: Classifier | None = None
        self.why_not_ready: str | None = LOADING

    @property
    def classifier(self) -> Classifier:
        """The classifier.

        Raises:
            ModelUnavailable: when there is none, or none yet.
        """
        if self._classifier is None:
            raise ModelUnavailable(self.why_not_ready)
        return self._classifier

    async def load(self) -> None:
        """Load in a thread. A service without a model stays alive, so that its health says what is wrong."""
        try:
            # Abandoned when the service is stopped meanwhile: nothing waits for a model nobody will use.
            self._classifier = await anyio.to_thread.run_sync(self._load, abandon_on_cancel=True)
        except ArtifactError as error:
            logger.error("no model: %s", error)
            self.why_not_ready = REASONS.get(type(error), BROKEN)
        except Exception:
            # The outermost frame of a background task: let through, it would end the task unseen.
            logger.exception("no model: unexpected failure while loading")
            self.why_not_ready = BROKEN
        else:
            card = self._classifier.card
            logger.info("model %s %s is ready", card.name, card.version)
            self.why_not_ready = None
