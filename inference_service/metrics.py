"""What the inference service counts for Prometheus, beyond what every service counts."""

from collections.abc import Callable, Sequence
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from contract import ModelIdentity, Prediction
from contract.prediction import Decision

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)
BINS = tuple(number / 20 for number in range(1, 21))
MAX_CODES = 64
"""Quality codes that are told apart; they come from the model file, so their number is not ours."""
OTHER = "other"


class InferenceMetrics:
    """Predictions by decision, quality code and score, failures, queue, batches, and the model in use."""

    def __init__(self, registry: CollectorRegistry, failures: Sequence[str]) -> None:
        self._decisions = Counter(
            "inference_decisions", "Predictions by decision", ("decision",), registry=registry
        )
        self._failures = Counter(
            "inference_failures", "Images without an answer, by reason", ("reason",), registry=registry
        )
        self._quality = Counter(
            "inference_quality_issues", "Remarks about images, by code", ("code",), registry=registry
        )
        self._scores = Histogram(
            "inference_malignant_probability",
            "Malignant probabilities of usable images, for watching drift",
            buckets=BINS,
            registry=registry,
        )
        self._batches = Histogram(
            "inference_batch_size", "Images computed at once", buckets=BATCHES, registry=registry
        )
        self._queue = Gauge("inference_queue_depth", "Images waiting or being worked on", registry=registry)
        names = ("name", "version", "architecture", "modality", "sha256")
        self._model = Gauge("inference_model_info", "1 for the model in use", names, registry=registry)
        self._files = Counter(
            "inference_model_files", "Model files by outcome", ("outcome",), registry=registry
        )
        for outcome in ("taken", "refused"):
            self._files.labels(outcome)
        self._codes: set[str] = set()
        self._reasons = {*failures, OTHER}
        for decision in get_args(Decision):
            self._decisions.labels(decision)
        for reason in self._reasons:
            self._failures.labels(reason)

    def predicted(self, prediction: Prediction) -> None:
        """Count a prediction."""
        self._decisions.labels(prediction.decision).inc()
        for issue in prediction.quality.issues:
            self._quality.labels(self._known(issue.code)).inc()
        if prediction.quality.usable:
            self._scores.observe(prediction.malignant_probability)

    def failed(self, reason: str) -> None:
        """Count an image that got no answer; a reason outside the list given at first is `other`."""
        self._failures.labels(reason if reason in self._reasons else OTHER).inc()

    def computed(self, images: int) -> None:
        """Count a batch of so many images, each time that the model has computed one."""
        self._batches.observe(images)

    def watch_queue(self, depth: Callable[[], float]) -> None:
        """Show what `depth` returns whenever the metrics are asked for."""
        self._queue.set_function(depth)

    def loaded(self, model: ModelIdentity | None) -> None:
        """Show which model answers from now on; None counts a file that was refused."""
        self._files.labels("refused" if model is None else "taken").inc()
        if model is None:
            return
        self._model.clear()
        self._model.labels(**model.model_dump(mode="json")).set(1)

    def _known(self, code: str) -> str:
        if len(self._codes) < MAX_CODES:
            self._codes.add(code)
        return code if code in self._codes else OTHER
