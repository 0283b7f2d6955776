"""OpenTelemetry traces, where OTEL_EXPORTER_OTLP_ENDPOINT says where to send them.

FastAPI's own telemetry is switched off: its spans hold paths and queries as they were sent, and its log
records the words of exceptions. These hold the route template, method, status and request id.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.request_id import method_of, request_id_of, route_of

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

logger = logging.getLogger(__name__)

SERVER_ERROR = 500

_tracer: ContextVar[Tracer | None] = ContextVar("_tracer", default=None)


def open_provider(service: str) -> "TracerProvider | None":
    """Return what makes and sends spans, or None where the libraries for it are not installed.

    Everything else is set by the variables of OpenTelemetry itself, such as OTEL_EXPORTER_OTLP_HEADERS.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        logger.warning("no traces are sent: install the extra `tracing`")
        return None
    named = Resource({SERVICE_NAME: service}).merge(Resource.create())
    provider = TracerProvider(resource=named, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


@contextmanager
def span(name: str) -> Iterator[None]:
    """Show a part of a request as a span of its own; does nothing where no traces are sent."""
    tracer = _tracer.get()
    if tracer is None:
        yield
        return
    # The words of an exception may hold what was submitted.
    with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False):
        yield


class Traced:
    """ASGI middleware: one span a request, below the caller's if it sent a `traceparent`."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Nothing but ids is taken over: `tracestate` and `baggage` are free text.
        parent = {"traceparent": Headers(scope=scope).get("traceparent", "")}
        with self._tracer.start_as_current_span(
            method_of(scope),
            TraceContextTextMapPropagator().extract(parent),
            SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        ) as current:
            _tracer.set(self._tracer)
            try:
                await self._app(scope, receive, _noting(send, current))
            finally:
                _describe(current, scope)


def _noting(send: Send, current: Span) -> Send:
    async def send_noting_status(message: Message) -> None:
        if message["type"] == "http.response.start":
            current.set_attribute("http.response.status_code", message["status"])
            if message["status"] >= SERVER_ERROR:
                current.set_status(StatusCode.ERROR)
        await send(message)

    return send_noting_status


def _describe(current: Span, scope: Scope) -> None:
    current.update_name(f"{method_of(scope)} {route_of(scope)}")
    current.set_attributes(
        {
            "http.request.method": method_of(scope),
            "http.route": route_of(scope),
            "request.id": request_id_of(scope),
        }
    )
