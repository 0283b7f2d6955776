"""Liveness and readiness, the same on every service."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import FastAPI
from pydantic import Field
from starlette.requests import Request

from contract.base import Payload
from web.problems import problem_responses
from web.stopping import STOPPING

LEAVING = "The service is being stopped. What it has begun it finishes; ask another one."


class NotReady(Exception):
    """The service is alive but cannot answer yet; the message says why."""


class Health(Payload):
    """The state of a service."""

    status: Annotated[Literal["ok"], Field(description="always `ok`; anything else is a problem+json")]


def add_health_routes(app: FastAPI, why_not_ready: Callable[[Request], str | None]) -> None:
    """Add `/health/live` and `/health/ready`; `why_not_ready` returns None once the service can answer."""

    @app.get("/health/live", tags=["operation"])
    async def live() -> Health:
        """Whether the process runs."""
        return Health(status="ok")

    @app.get("/health/ready", tags=["operation"], responses=problem_responses(503))
    async def ready(request: Request) -> Health:
        """Whether the service can answer now."""
        reason = LEAVING if hasattr(request.state, STOPPING) else why_not_ready(request)
        if reason is not None:
            raise NotReady(reason)
        return Health(status="ok")
