"""One id and one log line for every request."""

import logging
import time
from uuid import UUID, uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"


def request_id_of(scope: Scope) -> str:
    """Return the id under which the logs speak of this request."""
    return str(scope.setdefault("state", {}).setdefault("request_id", str(uuid4())))


class RequestId:
    """ASGI middleware: gives each request an id (the caller's, if it is a UUID) and logs its outcome.

    The log line holds method, route template, status and milliseconds; never a body, a query or a name.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["request_id"] = request_id = _accepted(Headers(scope=scope).get(HEADER))
        started = time.perf_counter()
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            route = getattr(scope.get("route"), "path", "-")
            milliseconds = (time.perf_counter() - started) * 1000
            logger.info("%s %s %s %d %.1fms", request_id, scope["method"], route, status, milliseconds)


def _accepted(value: str | None) -> str:
    """Keep a caller's id only if it is a UUID: anything else may hold a patient's name."""
    try:
        return str(UUID(value)) if value else str(uuid4())
    except ValueError:
        return str(uuid4())
