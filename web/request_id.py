"""One id and one log line for every request."""

import logging
import random
import time
from contextvars import ContextVar
from uuid import UUID

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.caller import caller_of

logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"

current_request_id: ContextVar[str] = ContextVar("current_request_id", default="")
"""The id of the request that is being answered, for log records and in worker threads; else empty."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def new_request_id() -> str:
    """Return a random UUID; it keeps no secret, and the system's own source costs a turn of the threads."""
    return str(UUID(int=random.getrandbits(128), version=4))


def request_id_of(scope: Scope) -> str:
    """Return the id under which the logs speak of this request."""
    return str(scope.setdefault("state", {}).setdefault("request_id", new_request_id()))


def route_of(scope: Scope) -> str:
    """Return the template of the route that answered, `-` if there is none; never the path as it was sent."""
    return str(getattr(scope.get("route"), "path", "-"))


def method_of(scope: Scope) -> str:
    """Return the method, `OTHER` for one that no route of ours has: it is the caller's own word."""
    return scope["method"] if scope["method"] in METHODS else "OTHER"


class RequestId:
    """ASGI middleware: gives each request an id (the caller's, if it is a UUID) and logs its outcome.

    The log line holds method, route template, status, milliseconds and the caller's name; never a body, a
    query, a path or an address.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _accepted(Headers(scope=scope).get(HEADER))
        scope.setdefault("state", {})["request_id"] = request_id
        current_request_id.set(request_id)
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
            _log(scope, status, (time.perf_counter() - started) * 1000)


def _log(scope: Scope, status: int, milliseconds: float) -> None:
    if not logger.isEnabledFor(logging.INFO):
        return
    fields = {
        "request_id": request_id_of(scope),
        "method": method_of(scope),
        "route": route_of(scope),
        "status": status,
        "ms": round(milliseconds, 1),
        "client": caller_of(scope),
    }
    logger.info("%s", " ".join(map(str, fields.values())), extra={"fields": fields})


def _accepted(value: str | None) -> str:
    """Keep a caller's id only if it is a UUID: anything else may hold a patient's name."""
    try:
        return str(UUID(value)) if value else new_request_id()
    except ValueError:
        return new_request_id()
