"""The HTTP side of the inference service."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from fastapi import FastAPI
from starlette.requests import Request

from artifact import Artifact, is_gpu, use_cores
from contract import DISCLAIMER, Prediction
from inference_service.account import Account
from inference_service.admission import Door
from inference_service.audit import AuditLog, Journal
from inference_service.batching import Batching, plan
from inference_service.classifier import Classifier, Sent
from inference_service.decoders import Decoders
from inference_service.memory import forget_programs, own_pages
from inference_service.metrics import InferenceMetrics
from inference_service.model import Model
from inference_service.pipeline import Pipeline
from inference_service.problems import PROBLEMS
from inference_service.queue import Queue
from inference_service.routes import BATCH, State, add_routes, limits_of, state_of
from inference_service.settings import Settings
from inference_service.watch import Watch
from web.app import create_service
from web.metrics import create_registry
from web.signing import Seal

DESCRIPTION = f"""Classifies images of breast tissue with a self-describing model.

{DISCLAIMER}

Nothing that is sent is stored. Every error is an RFC 9457 problem (`application/problem+json`).
A 503 carries `Retry-After`."""

Load = Callable[[Path, str], Artifact]


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

    queue = Queue(
        settings.threads,
        settings.max_queue,
        seconds=settings.queue_seconds,
        max_bytes=settings.max_queue_bytes,
    )
    decoders = Decoders(settings.threads, max_pixels=settings.max_pixels, seconds=settings.decode_seconds)

    def load_classifier() -> Classifier:
        forget_programs()  # before, so that what the model needs of them is back when it has been checked
        with own_pages():
            artifact = load(settings.model, settings.device)
        return Classifier(artifact, sign=seal.sign)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        watch = Watch(settings.model)
        model = Model(load_classifier, watch, settings.watch_seconds, metrics.loaded)
        audit = AuditLog(journal) if journal else None
        account = Account(metrics, audit, PROBLEMS)
        metrics.watch_queue(lambda: queue.inside)

        def classify(batch: Sequence[Sent]) -> list[Prediction | Exception]:
            use_cores(1)
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
                "decode": decoders.decode,
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
        body_limits={BATCH: settings.max_images_bytes},
        lifespan=lifespan,
        problems=PROBLEMS,
        why_not_ready=_why_not_ready,
        door=lambda inner: Door(inner, queue, limits_of(settings)),
    )
    add_routes(app, settings)
    return app


def _why_not_ready(request: Request) -> str | None:
    state = state_of(request)
    return state["model"].why_not_ready or (state["audit"].why_unwritable if state["audit"] else None)
