"""Prometheus metrics of every service, and the route that shows them.

Each application has a registry of its own, which its room adds to. Labels come from closed lists: route
templates, methods, codes; never a word of a caller. One process serves, so nothing is added up across
processes; do not set PROMETHEUS_MULTIPROC_DIR.
"""

import time

from fastapi import FastAPI
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.access import Refusal
from web.request_id import method_of, route_of

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

EXAMPLE = 'http_requests_total{method="GET",route="/model",status="200"} 3.0\n'


def create_registry() -> CollectorRegistry:
    """Return a registry that already tells memory, processor time and the version of Python."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry


class HttpMetrics:
    """What is counted of every request."""

    def __init__(self, registry: CollectorRegistry) -> None:
        names = ("method", "route", "status")
        self._requests = Counter(
            "http_requests",
            "Answered requests by method, route template and status",
            names,
            registry=registry,
        )
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "Seconds from the head of a request to the end of its answer",
            ("method", "route"),
            buckets=SECONDS,
            registry=registry,
        )
        self._under_way = Gauge(
            "http_requests_in_progress", "Requests that are being answered", registry=registry
        )
        self._refused = Counter(
            "http_access_refused",
            "Requests refused for want of a key, for a wrong key, or beyond a limit",
            ("why",),
            registry=registry,
        )
        for why in ("missing", "invalid", "rate-limited"):
            self._refused.labels(why)

    def refused(self, why: Refusal) -> None:
        """Count a request that was not let in."""
        self._refused.labels(why).inc()

    def begin(self) -> None:
        """Note that a request has come."""
        self._under_way.inc()

    def end(self, scope: Scope, status: int, seconds: float) -> None:
        """Note that it has been answered."""
        self._under_way.dec()
        method, route = method_of(scope), route_of(scope)
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)


class Measured:
    """ASGI middleware: counts and times every request."""

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.begin()
        try:
            await self._app(scope, receive, noting)
        finally:
            self._metrics.end(scope, status, time.perf_counter() - started)


def add_metrics_route(app: FastAPI, registry: CollectorRegistry) -> None:
    """Add `/metrics`; where there are API keys it needs one like any other route."""
    answer = {
        "description": "Text format of Prometheus",
        "content": {"text/plain": {"schema": {"type": "string"}, "example": EXAMPLE}},
    }

    @app.get(
        "/metrics",
        tags=["operation"],
        summary="What was counted and measured",
        response_class=Response,
        responses={200: answer},
    )
    async def metrics() -> Response:
        """Counts, durations and sizes for Prometheus; no patient data."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
