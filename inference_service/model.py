"""The model of a running service: being loaded, ready, or not to be had."""

import logging
from collections.abc import Callable

import anyio
import anyio.to_thread

from artifact import (
    ArtifactError,
    ArtifactInvalid,
    ArtifactMissing,
    DeviceMissing,
    DigestMismatch,
    DigestMissing,
    GoldenMismatch,
)
from contract import ModelIdentity
from inference_service.classifier import Classifier
from inference_service.memory import give_back
from inference_service.watch import Watch

logger = logging.getLogger(__name__)

LOADING = "The model is still being loaded and checked. Try again in a few seconds."

REASONS: dict[type[ArtifactError], str] = {
    ArtifactMissing: (
        "There is no model file. Put one where INFERENCE_MODEL says (`python -m training export` writes "
        "one); the service takes it up by itself."
    ),
    ArtifactInvalid: (
        "The model file cannot be used: it is damaged or was not written by `python -m training export`. "
        "Put a sound one where INFERENCE_MODEL says; the service takes it up by itself."
    ),
    DeviceMissing: (
        "The device that INFERENCE_DEVICE names is not there. Use auto or cpu and start the service again."
    ),
    DigestMismatch: (
        "The model file is not the one that its digest names: it was damaged or exchanged on its way. Copy "
        "it again, with its .sha256 beside it; the service takes it up by itself."
    ),
    DigestMissing: (
        "Nothing says which digest the model file must have. Write it into FILE.sha256 beside the file with "
        "sha256sum; the service takes it up by itself."
    ),
    GoldenMismatch: (
        "The model does not compute on this machine what it computed where it was made, so its answers "
        "cannot be trusted. Export it again, or choose another INFERENCE_DEVICE and start the service again."
    ),
}
"""What callers are told; the artifact's own words, which may name paths, go to the log only."""

BROKEN = "The model could not be loaded because of a fault of the service. Its log says more."


class ModelUnavailable(Exception):
    """There is no model to answer with; the message says why and what to do."""


class Model:
    """Holds the classifier of the file that was loaded last, and until there is one the reason why not.

    A file that takes the place of the one in use is taken over once it has proved itself, in a thread and
    one at a time. A batch that is being computed is finished by the classifier it began with. A file that is
    refused changes nothing, and is not tried again until it changes.

    Args:
        load: Loads the file as it is then; raises ArtifactError.
        watch: Looks at the file.
        seconds: From one look to the next; a file is taken up at the second look that finds it unchanged.
        loaded: Told of every loading: which model answers from now on, or None where a file was refused.
    """

    def __init__(
        self,
        load: Callable[[], Classifier],
        watch: Watch,
        seconds: float,
        loaded: Callable[[ModelIdentity | None], None],
    ) -> None:
        self._load = load
        self._watch = watch
        self._seconds = seconds
        self._loaded = loaded
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

    async def keep(self) -> None:
        """Load the file, and then every one that takes its place, until cancelled.

        A service without a model stays alive, so that its health says what is wrong.
        """
        await self._take_up()
        while True:
            # By the first look after a loading, requests that still used the model before are answered.
            await anyio.sleep(self._seconds)
            await anyio.to_thread.run_sync(give_back)
            while not await anyio.to_thread.run_sync(self._watch.has_changed, abandon_on_cancel=True):
                await anyio.sleep(self._seconds)
            self._watch.take_up()
            await self._take_up()

    async def _take_up(self) -> None:
        try:
            # Abandoned when the service is stopped meanwhile: nothing waits for a model nobody will use.
            new = await anyio.to_thread.run_sync(self._load, abandon_on_cancel=True)
        except ArtifactError as error:
            logger.error("%s: %s", self._refusal, error)
            self._refuse(REASONS.get(type(error), BROKEN))
        except Exception:
            # The outermost frame of a background task: let through, it would end the task unseen.
            logger.exception("%s: unexpected failure while loading", self._refusal)
            self._refuse(BROKEN)
        else:
            self._use(new)

    @property
    def _refusal(self) -> str:
        return "a new model file is refused, the one before goes on" if self._classifier else "no model"

    def _refuse(self, reason: str) -> None:
        self._loaded(None)
        if self._classifier is None:
            self.why_not_ready = reason

    def _use(self, new: Classifier) -> None:
        if self._classifier and self._classifier.identity == new.identity:
            return  # touched, or copied over itself
        self._classifier = new
        self.why_not_ready = None
        self._loaded(new.identity)
        told = new.identity
        logger.info("model %s %s is ready, sha256 %s", told.name, told.version, told.sha256)
