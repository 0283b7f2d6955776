"""The common frame of a service: access, id, log line, metrics, limits, problems around its own routes."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.to_thread
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.types import ASGIApp, Lifespan

from web.access import Access
from web.body_limit import BodyLimit
from web.clients import Clients
from web.cors import Cors
from web.health import NOT_READY, NotReady, add_health_routes
from web.metrics import HttpMetrics, Measured, add_metrics_route
from web.openapi import complete_document
from web.problems import ProblemKind, add_problem_handlers
from web.request_id import RequestId
from web.settings import ServiceSettings
from web.tracing import Traced, open_provider

LICENSE = {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}

FLUSH_S = 2.0
"""How long the end of a service waits for its last spans to be sent."""

NO_TELEMETRY: dict[str, Any] = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI's own would send queries and the words of exceptions to wherever OTEL_... says."""


def create_service(  # noqa: PLR0913 - all by keyword, each said once
    *,
    title: str,
    description: str,
    settings: ServiceSettings,
    registry: CollectorRegistry,
    body_limit: int,
    body_limits: Mapping[str, int] | None = None,
    lifespan: Lifespan[FastAPI],
    problems: Mapping[type[Exception], ProblemKind],
    why_not_ready: Callable[[Request], str | None],
    remarks: Callable[[], list[str]] = list,
    door: Callable[[ASGIApp], ASGIApp] = lambda inner: inner,
) -> FastAPI:
    """Create a FastAPI application whose every error is a problem and whose bodies are bounded.

    Args:
        title: Name of the service in its OpenAPI document.
        description: What it does and what it is not for.
        settings: Who may ask, and how it logs.
        registry: Holds the metrics of the room and takes those of every request.
        body_limit: Largest request body in bytes.
        body_limits: The same for paths that have a limit of their own.
        lifespan: Opens and closes what the routes use.
        problems: How each domain error looks over HTTP.
        why_not_ready: Returns None once the service can answer, otherwise the reason.
        remarks: Returns what operators should look after although it can.
        door: Puts around the whole what a request passes first, before its key is looked at.

    Raises:
        KeysUnusable: if there is a file of API keys that cannot be used.
    """
    provider = open_provider(title) if settings.traces else None
    app = FastAPIOffline(
        # /docs loads nothing from other hosts; one such page is enough.
        redoc_url=None,
        title=title,
        description=description,
        version="0.1.0",
        license_info=LICENSE,
        lifespan=_flushing(lifespan, provider.shutdown) if provider else lifespan,
        # Behind a proxy that ends TLS a redirect would send the body again, unencrypted.
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
        # Names of operations, and so of functions in clients that are generated from the document.
        generate_unique_id_function=lambda route: route.name,
    )
    metrics, clients = HttpMetrics(registry), Clients(settings.api_keys) if settings.api_keys else None
    add_problem_handlers(app, {NotReady: NOT_READY, **problems})
    add_health_routes(app, why_not_ready, remarks)
    add_metrics_route(app, registry)
    app.add_middleware(BodyLimit, limit=body_limit, others=body_limits)
    app.add_middleware(
        Access,
        clients=clients,
        anonymous=settings.allow_anonymous,
        rate_limit=settings.rate_limit,
        body_limit=body_limit,
        refusals=metrics,
    )

    def around(inner: ASGIApp) -> ASGIApp:
        entered = door(inner)
        allowed = Cors(entered, settings.cors_origins) if settings.cors_origins else entered
        outer = RequestId(Measured(allowed, metrics))
        return Traced(outer, provider.get_tracer(title)) if provider else outer

    _wrap(app, around)
    complete_document(
        app,
        keys=clients is not None,
        optional=settings.allow_anonymous,
        limited=clients is not None or settings.rate_limit > 0,
    )
    return app


def _wrap(app: FastAPI, around: Callable[[ASGIApp], ASGIApp]) -> None:
    """Put layers around everything, also around what answers bugs, which `add_middleware` cannot."""
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: around(build())  # type: ignore[method-assign]


def _flushing(lifespan: Lifespan[FastAPI], flush: Callable[[], None]) -> Lifespan[FastAPI]:
    """Send the last spans before the process ends: SIGTERM ends it without `atexit`."""

    @asynccontextmanager
    async def flushing(app: FastAPI) -> AsyncIterator[Any]:
        async with lifespan(app) as state:
            yield state
        # A collector that is not there must not hold up the end.
        with anyio.move_on_after(FLUSH_S):
            await anyio.to_thread.run_sync(flush, abandon_on_cancel=True)

    return flushing
