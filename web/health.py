"""Liveness and readiness, the same on every service."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import FastAPI
from pydantic import Field
from starlette.requests import Request

from contract.base import Payload
from web.problems import ProblemKind, problem_responses
from web.stopping import STOPPING

LEAVING = "The service is being stopped. What it has begun it finishes; ask another one."


class NotReady(Exception):
    """The service is alive but cannot answer yet; the message says why."""


NOT_READY = ProblemKind(503, "not-ready", "The service is not ready", LEAVING)


class Health(Payload):
    """The state of a service."""

    status: Annotated[Literal["ok"], Field(description="always `ok`; anything else is a problem+json")]
    remarks: Annotated[
        list[str], Field(description="what operators should look after; missing where there is nothing")
    ] = Field(default_factory=list)


WELL: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"example": {"status": "ok"}}}}
}


def add_health_routes(
    app: FastAPI,
    why_not_ready: Callable[[Request], str | None],
    remarks: Callable[[], list[str]] = list,
) -> None:
    """Add `/health/live` and `/health/ready`.

    Args:
        app: The service.
        why_not_ready: Returns None once the service can answer.
        remarks: Returns what operators should look after although it can.
    """

    @app.get(
        "/health/live",
        tags=["operation"],
        summary="Whether the process runs",
        responses=WELL,
        response_model_exclude_defaults=True,
    )
    async def live() -> Health:
        """Whether the process runs."""
        return Health(status="ok")

    @app.get(
        "/health/ready",
        tags=["operation"],
        summary="Whether the service can answer",
        responses={**WELL, **problem_responses(NOT_READY)},
        response_model_exclude_defaults=True,
    )
    async def ready(request: Request) -> Health:
        """Whether the service can answer now."""
        reason = LEAVING if hasattr(request.state, STOPPING) else why_not_ready(request)
        if reason is not None:
            raise NotReady(reason)
        return Health(status="ok", remarks=remarks())
