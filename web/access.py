"""Who may ask: API keys and rate limits, decided before a byte of a body is read."""

from typing import Literal, Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.caller import address_class, address_group, name_caller
from web.clients import Clients
from web.drain import drain
from web.keys import ApiKey
from web.problems import ProblemKind, problem_response
from web.rate_limit import RateLimiter, Verdict

KEY_HEADER = "X-API-Key"
OPEN_PATHS = frozenset({"/health/live", "/health/ready", "/openapi.json", "/docs", "/docs/oauth2-redirect"})
"""Answered without a key and without a limit: health, and what the public documentation says anyway."""
OPEN_FOLDER = "/static-offline-docs/"

NEED_KEY = f"Send a valid key as `Authorization: Bearer KEY` or as `{KEY_HEADER}: KEY`."
UNAUTHENTICATED = ProblemKind(401, "unauthenticated", "A valid API key is needed", NEED_KEY)
TOO_MANY = ProblemKind(
    429,
    "rate-limited",
    "Too many requests",
    "At most 600 requests a minute are answered. Wait 1 s.",
)

CHARGE = "charge"
"""Name in a request's state of what counts against the caller's limit."""

Refusal = Literal["missing", "invalid", "rate-limited"]


class RateLimited(Exception):
    """The caller is beyond its limit; the message says for how long."""


class Refusals(Protocol):
    """Counts those who were refused."""

    def refused(self, why: Refusal) -> None:
        """Count one."""


class Access:
    """ASGI middleware: names the caller, answers 401 without a valid key and 429 beyond the limit.

    Args:
        app: What is behind it.
        clients: Whose keys count; None where nobody needs one.
        anonymous: Whether callers without a key are answered although there are clients with keys.
        rate_limit: Requests a minute of one address without a valid key; 0 is no limit.
        body_limit: Bytes of a refused body that are discarded before the answer.
        refusals: Counts those who were refused.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        clients: Clients | None,
        anonymous: bool,
        rate_limit: int,
        body_limit: int,
        refusals: Refusals,
    ) -> None:
        self._app = app
        self._clients = clients
        self._anonymous = anonymous or clients is None
        self._rate_limit = rate_limit
        self._body_limit = body_limit
        self._refusals = refusals
        # Apart, so that a crowd of addresses never costs a client with a key its place.
        self._keys_seen, self._addresses_seen = RateLimiter(), RateLimiter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        presented = _presented(Headers(scope=scope)) if self._clients else []
        key = self._clients.find(presented[0]) if self._clients and len(presented) == 1 else None
        host = (scope.get("client") or (None,))[0]
        name_caller(scope, key.client if key else address_class(host))
        if is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        verdict = self._count(key, host)
        request = Request(scope)
        scope["state"][CHARGE] = lambda: self._count(key, host)
        if verdict is not None and not verdict.allowed:
            refusal = problem_response(request, TOO_MANY, _why_refused(verdict), verdict.headers())
            await self._refuse(refusal, "rate-limited", scope, receive, send)
        elif key is None and (presented or not self._anonymous):
            refusal = problem_response(request, UNAUTHENTICATED, NEED_KEY, {"WWW-Authenticate": "Bearer"})
            await self._refuse(refusal, "invalid" if presented else "missing", scope, receive, send)
        else:
            await self._app(scope, receive, _telling(send, verdict) if verdict else send)

    def _count(self, key: ApiKey | None, host: str | None) -> Verdict | None:
        """Count the request against its key, or its address; None where there is no limit."""
        if key is not None:
            return self._keys_seen.take(key.digest, key.rate) if key.rate else None
        return self._addresses_seen.take(address_group(host), self._rate_limit) if self._rate_limit else None

    async def _refuse(
        self, refusal: Response, why: Refusal, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._refusals.refused(why)
        # Who asks before sending a body needs no draining: the answer comes instead of "100 Continue".
        asks_first = "100-continue" in Headers(scope=scope).get("expect", "").lower()
        if asks_first or not await drain(receive, limit=self._body_limit):
            refusal.headers["Connection"] = "close"
        await refusal(scope, receive, send)


def charge(scope: Scope) -> None:
    """Count one more request of the caller, for one that asks for several things at once.

    Raises:
        RateLimited: if that is beyond the caller's limit.
    """
    verdict = scope["state"][CHARGE]()
    if verdict is not None and not verdict.allowed:
        raise RateLimited(_why_refused(verdict))


def _why_refused(verdict: Verdict) -> str:
    return f"At most {verdict.limit} requests a minute are answered. Wait {verdict.wait_s} s."


def is_open(path: str) -> bool:
    """Whether a path is answered without a key."""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDER)


def _presented(headers: Headers) -> list[str]:
    """Return the keys that a request presents; more than one is as good as none."""
    credentials = [value.partition(" ") for value in headers.getlist("authorization")]
    bearers = [key.strip() for scheme, _, key in credentials if scheme.lower() == "bearer"]
    # Another scheme may be meant for a proxy, and counts only where there is no key beside it.
    return bearers + headers.getlist(KEY_HEADER) or [""] * len(credentials)


def _telling(send: Send, verdict: Verdict) -> Send:
    """Add the state of the limit to the answer."""

    async def send_with_limit(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(verdict.headers())
        await send(message)

    return send_with_limit
