"""Many connections to one host without the price that httpx's own pool asks for them.

For every request that pool looks at each of its connections, and for each idle one at all of them again: with
500 requests under way it takes 10 ms of every one. Here each connection is a pool of its own, and free ones
are taken from a stack.
"""

import ssl
from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

KEPT = 100
"""Idle connections that are kept."""
KEEP_S = 30.0
"""For so many seconds at most."""


class Slots(httpx.AsyncBaseTransport):
    """A transport for many requests at once; how many is bounded by who uses it.

    Args:
        url: What is asked; whether through a proxy, the usual variables say (`HTTPS_PROXY`, `NO_PROXY`).
    """

    def __init__(self, url: str) -> None:
        self._context: ssl.SSLContext = httpx.create_ssl_context()
        self._proxy = find_proxy(url)
        self._free: list[httpx.AsyncBaseTransport] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request on the connection that was used last, so that surplus ones grow old."""
        slot = self._free.pop() if self._free else self._open()
        try:
            response = await slot.handle_async_request(request)
        except BaseException:
            # What became of its connection is not known; another one costs little.
            await slot.aclose()
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - narrows the type
        response.stream = _Returning(response.stream, slot, self._free)
        return response

    async def aclose(self) -> None:
        """Close all that are free."""
        while self._free:
            await self._free.pop().aclose()

    def _open(self) -> httpx.AsyncBaseTransport:
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_S)
        return httpx.AsyncHTTPTransport(verify=self._context, limits=limits, proxy=self._proxy)


def find_proxy(url: str) -> str | None:
    """Return the proxy that the environment names for an address."""
    parts = urlsplit(url)
    if proxy_bypass(parts.netloc):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")


class _Returning(httpx.AsyncByteStream):
    """The body of an answer; its end frees the connection."""

    def __init__(
        self,
        stream: httpx.AsyncByteStream,
        slot: httpx.AsyncBaseTransport,
        free: list[httpx.AsyncBaseTransport],
    ) -> None:
        self._stream = stream
        self._slot = slot
        self._free = free

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            yield piece

    async def aclose(self) -> None:
        """Free the connection; one that was left in the midst of an answer closes itself."""
        try:
            await self._stream.aclose()
        except BaseException:
            await self._slot.aclose()
            raise
        if len(self._free) < KEPT:
            self._free.append(self._slot)
        else:
            await self._slot.aclose()
