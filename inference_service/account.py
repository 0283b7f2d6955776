"""What is kept of every image that was sent: counts, and a record in the audit log. Never the image."""

import hashlib
from collections.abc import Awaitable, Mapping

import anyio.to_thread
from starlette.requests import Request

from contract import Prediction
from inference_service.audit import AuditLog
from inference_service.metrics import OTHER, InferenceMetrics
from web.caller import caller_of
from web.problems import ProblemKind
from web.request_id import request_id_of
from web.tracing import span


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
        try:
            with span("predict"):
                prediction = await answer
        except Exception as error:
            reason = self._reason(error)
            self._metrics.failed(reason)
            if self._audit is not None:
                image = await anyio.to_thread.run_sync(lambda: hashlib.sha256(data).hexdigest())
                await self._record(request, image=image, model=None, outcome=reason)
            raise
        self._metrics.predicted(prediction)
        await self._record(
            request,
            image=prediction.image.sha256,
            model=prediction.model.sha256,
            outcome=prediction.decision,
            prediction=str(prediction.id),
        )
        return prediction

    async def _record(self, request: Request, **fields: str | None) -> None:
        if self._audit is not None:
            who = {"client": caller_of(request.scope), "request_id": request_id_of(request.scope)}
            await self._audit.record({"event": "prediction", **who, **fields})

    def _reason(self, error: Exception) -> str:
        """Name the kind of problem that the caller is told."""
        kinds = (self._problems[cls].slug for cls in type(error).__mro__ if cls in self._problems)
        return next(kinds, OTHER)
