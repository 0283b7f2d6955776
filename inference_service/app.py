"""The HTTP side of the inference service."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict, cast

import anyio
from fastapi import FastAPI
from starlette.requests import Request

from artifact import Artifact, is_gpu, use_cores
from artifact.image import ImageEmpty, ImageTooLarge, ImageTruncated, ImageUnreadable, ImageUnsuitable
from contract import DISCLAIMER, ModelCard, Prediction
from inference_service.account import Account
from inference_service.admission import admit
from inference_service.audit import AuditLog, AuditUnavailable, Journal
from inference_service.batching import Batching, plan
from inference_service.classifier import Classifier, Sent
from inference_service.decoders import Decoders, ImageTooSlow
from inference_service.memory import own_pages
from inference_service.metrics import InferenceMetrics
from inference_service.model import Model, ModelUnavailable
from inference_service.openapi import BODY, PREDICTED
from inference_service.pipeline import Pipeline
from inference_service.queue import Queue, QueueFull
from inference_service.settings import Settings
from inference_service.upload import UploadInvalid, UploadMalformed, UploadTooSlow, read_upload
from inference_service.watch import Watch
from web.app import create_service
from web.metrics import create_registry
from web.problems import ProblemKind, problem_responses
from web.signing import Seal

PROBLEMS: dict[type[Exception], ProblemKind] = {
    UploadMalformed: ProblemKind(400, "upload-malformed", "The form cannot be read"),
    UploadTooSlow: ProblemKind(408, "upload-too-slow", "The upload took too long"),
    UploadInvalid: ProblemKind(422, "upload-invalid", "The form does not fit the API"),
    ImageTooLarge: ProblemKind(413, "image-too-large", "The image has too many pixels"),
    ImageUnreadable: ProblemKind(415, "image-unreadable", "The file is not a readable image"),
    ImageTruncated: ProblemKind(415, "image-truncated", "The image is cut off or damaged"),
    ImageUnsuitable: ProblemKind(422, "image-unsuitable", "The file is not one picture"),
    ImageTooSlow: ProblemKind(422, "image-too-slow", "The image takes too long to decode"),
    ImageEmpty: ProblemKind(422, "image-empty", "The file is empty"),
    QueueFull: ProblemKind(503, "busy", "The service is busy"),
    ModelUnavailable: ProblemKind(503, "model-unavailable", "There is no model to answer with"),
    AuditUnavailable: ProblemKind(503, "audit-unavailable", "The answer cannot be recorded"),
}

DESCRIPTION = f"""Classifies one image of breast tissue at a time with a self-describing model.

{DISCLAIMER}

Nothing that is sent is stored. Every error is an RFC 9457 problem (`application/problem+json`).
A 503 carries `Retry-After`."""

Load = Callable[[Path, str], Artifact]


class State(TypedDict):
    """What the routes use, for as long as the service runs."""

    model: Model
    queue: Queue
    pipeline: Pipeline
    account: Account
    audit: AuditLog | None


def create_app(settings: Settings, load: Load, journal: Journal | None = None) -> FastAPI:
    """Compose the service.

    Args:
        settings: What is set.
        load: `load(path, device)` reads the model file; called in a thread, for each file that stands there.
        journal: Where predictions are recorded; closed when the service stops.

    Raises:
        KeysUnusable: if there is a file of API keys that cannot be used.
    """
    seal, registry = Seal.of(settings.signing), create_registry()
    metrics = InferenceMetrics(registry, [kind.slug for kind in PROBLEMS.values()])

    decoders = Decoders(settings.threads, max_pixels=settings.max_pixels, seconds=settings.decode_seconds)

    def load_classifier() -> Classifier:
        with own_pages():
            artifact = load(settings.model, settings.device)
        return Classifier(artifact, sign=seal.sign)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        watch = Watch(settings.model)
        model = Model(load_classifier, watch, settings.watch_seconds, metrics.loaded)
        audit = AuditLog(journal) if journal else None
        account = Account(metrics, audit, PROBLEMS)
        queue = Queue(
            settings.threads,
            settings.max_queue,
            seconds=settings.queue_seconds,
            max_bytes=settings.max_queue_bytes,
        )
        metrics.watch_queue(lambda: queue.inside)

        def classify(batch: Sequence[Sent], cores: int) -> list[Prediction | Exception]:
            use_cores(cores)
            return model.classifier(batch)

        batching = Batching[Sent, Prediction](
            classify,
            plan(settings.threads, settings.max_batch, gpu=is_gpu(settings.device)),
            metrics.computed,
        )
        pipeline = Pipeline(queue, decoders.decode, batching, settings.max_pixels)
        decoders.start()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(model.keep)
            tasks.start_soon(batching.run)
            if audit is not None:
                tasks.start_soon(audit.run)
            yield {
                "model": model,
                "queue": queue,
                "pipeline": pipeline,
                "account": account,
                "audit": audit,
            }
            tasks.cancel_scope.cancel()
        decoders.close()
        if audit is not None:
            await audit.close()

    app = create_service(
        title="Inference service",
        description=DESCRIPTION,
        settings=settings,
        registry=registry,
        body_limit=settings.max_bytes,
        lifespan=lifespan,
        problems=PROBLEMS,
        why_not_ready=_why_not_ready,
    )
    _add_routes(app, settings)
    return app


def _state(request: Request) -> State:
    return cast(State, request.state)


def _why_not_ready(request: Request) -> str | None:
    state = _state(request)
    return state["model"].why_not_ready or (state["audit"].why_unwritable if state["audit"] else None)


def _add_routes(app: FastAPI, settings: Settings) -> None:
    @app.post(
        "/predict",
        tags=["prediction"],
        summary="Classify one image",
        responses={**PREDICTED, **problem_responses(400, 408, 413, 415, 422, 500, 503)},
        openapi_extra=BODY,
    )
    async def predict(request: Request) -> Prediction:
        """Return calibrated probabilities and a decision for one JPEG, PNG, TIFF, BMP, WebP or DICOM image.

        Every image that can be decoded gets an answer; read `quality` before the decision. An image with
        `quality.usable` false is always `indeterminate`. Of a file with several pictures the first is read; a
        DICOM file has to hold a single frame.
        """
        state = _state(request)
        _ = state["model"].classifier  # no body is read that nothing could answer
        async with admit(request, state["queue"], settings.max_bytes):
            data = await read_upload(request, seconds=settings.upload_seconds)
            return await state["account"].note(request, data, state["pipeline"].predict(data))

    @app.get(
        "/model", tags=["prediction"], summary="Describe the model", responses=problem_responses(500, 503)
    )
    async def model(request: Request) -> ModelCard:
        """Return the model card: classes, operating point, data, figures, intended use and limits."""
        return _state(request)["model"].classifier.card
