"""The common frame of a service: id, log line, body limit, problems and health around its own routes."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.requests import Request
from starlette.types import Lifespan

from contract import Problem
from web.body_limit import BodyLimit
from web.health import NotReady, add_health_routes
from web.problems import ProblemKind, add_problem_handlers
from web.request_id import RequestId

NOT_READY = ProblemKind(503, "not-ready", "The service is not ready")


def create_service(
    *,
    title: str,
    description: str,
    body_limit: int,
    lifespan: Lifespan[FastAPI],
    problems: Mapping[type[Exception], ProblemKind],
    why_not_ready: Callable[[Request], str | None],
) -> FastAPI:
    """Create a FastAPI application whose every error is a problem and whose bodies are bounded.

    Args:
        title: Name of the service in its OpenAPI document.
        description: What it does and what it is not for.
        body_limit: Largest request body in bytes.
        lifespan: Opens and closes what the routes use.
        problems: How each domain error looks over HTTP.
        why_not_ready: Returns None once the service can answer, otherwise the reason.
    """
    app = FastAPIOffline(
        # /docs loads nothing from other hosts; one such page is enough.
        redoc_url=None,
        title=title,
        description=description,
        version="0.1.0",
        license_info=LICENSE,
        lifespan=lifespan,
        # Behind a proxy that ends TLS a redirect would send the body again, unencrypted.
        redirect_slashes=False,
    )
    add_problem_handlers(app, {NotReady: NOT_READY, **problems})
    add_health_routes(app, why_not_ready)
    app.add_middleware(BodyLimit, limit=body_limit)
    app.add_middleware(RequestId)
    _declare_problem_schema(app)
    return app


LICENSE = {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}


def _declare_problem_schema(app: FastAPI) -> None:
    """Put the Problem schema, which every error response refers to, into the OpenAPI document."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.setdefault("Problem", Problem.model_json_schema())
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document
