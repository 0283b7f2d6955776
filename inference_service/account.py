"""What is kept of every image that was sent: counts, and a record in the audit log. Never the image."""

import hashlib
from collections.abc import Awaitable, Mapping
from typing import Literal, TypeVar

import anyio.to_thread
from starlette.requests import Request

from contract import Prediction
from inference_service.audit import AuditLog
from inference_service.heatmap import Heatmap
from inference_service.metrics import OTHER, InferenceMetrics
from web.caller import caller_of
from web.problems import ProblemKind
from web.request_id import request_id_of
from web.tracing import span

Event = Literal["prediction", "heatmap"]
Answer = TypeVar("Answer")


class Account:
    """Counts and records what becomes of images."""

    def __init__(
        self,
        metrics: InferenceMetrics,
        audit: AuditLog | None,
        problems: Mapping[type[Exception], ProblemKind],
    ) -> None:
        self._metrics = metrics
        self._audit = audit
        self._problems = problems

    async def note(self, request: Request, data: bytes, answer: Awaitable[Prediction]) -> Prediction:
        """Await the prediction for the image `data` and return it once it is counted and recorded.

        Raises:
            AuditUnavailable: if it cannot be recorded; then nothing may be answered.
        """
        prediction = await self._watch(request, data, "prediction", answer)
        self._metrics.predicted(prediction)
        await self._record(
            request,
            "prediction",
            image=prediction.image.sha256,
            model=prediction.model.sha256,
            outcome=prediction.decision,
            prediction=str(prediction.id),
        )
        return prediction

    async def note_heatmap(self, request: Request, data: bytes, answer: Awaitable[Heatmap]) -> Heatmap:
        """Await the heat map of the image `data` and return it once it is recorded.

        Raises:
            AuditUnavailable: if it cannot be recorded; then nothing may be answered.
        """
        drawn = await self._watch(request, data, "heatmap", answer)
        outcome = "usable" if drawn.usable else "unusable"
        await self._record(
            request, "heatmap", image=drawn.image_sha256, model=drawn.model_sha256, outcome=outcome
        )
        return drawn

    async def _watch(self, request: Request, data: bytes, event: Event, answer: Awaitable[Answer]) -> Answer:
        """Await an answer; where there is none, count and record why."""
        try:
            with span("predict" if event == "prediction" else event):
                return await answer
        except Exception as error:
            reason = self._reason(error)
            self._metrics.failed(reason)
            if self._audit is not None:
                image = await anyio.to_thread.run_sync(lambda: hashlib.sha256(data).hexdigest())
                await self._record(request, event, image=image, model=None, outcome=reason)
            raise

    async def _record(self, request: Request, event: Event, **fields: str | None) -> None:
        if self._audit is not None:
            who = {"client": caller_of(request.scope), "request_id": request_id_of(request.scope)}
            await self._audit.record({"event": event, **who, **fields})

    def _reason(self, error: Exception) -> str:
        """Name the kind of problem that the caller is told."""
        kinds = (self._problems[cls].slug for cls in type(error).__mro__ if cls in self._problems)
        return next(kinds, OTHER)
