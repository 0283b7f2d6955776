"""HTTP on a connection: uvicorn's fastest protocol, with bounds on what comes before a body."""

import asyncio
import re
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from contract import Problem
from web.request_id import HEADER, new_request_id

MAX_HEAD = 64 * 1024
"""Bytes of a request's target and headers together; uvicorn's own protocol takes any number."""
HEAD_S = 20.0
"""Seconds that a request's head may take to arrive, from its first byte or the start of the connection."""

LINGER_S = 1.0
"""How long to wait for a sender: to stop after a refusal, or to begin before the service ends."""

MALFORMED = (400, "malformed", "This is no HTTP/1.1 request. Send it with an ordinary client.")
TOO_LARGE = (
    431,
    "head-too-large",
    f"The address and the headers are larger than the limit of {MAX_HEAD} bytes together. Send less.",
)
TOO_SLOW = (408, "head-too-slow", f"The headers took more than {HEAD_S:g} s to arrive. Send them at once.")
BEGINS = re.compile(rb"[A-Z]{1,20}( |$)")
"""What may become a request."""
UPGRADE = re.compile(rb"(\r\n)upgrade[ \t]*:", re.IGNORECASE)
Refusal = tuple[int, str, str]


class HeadTooLarge(Exception):
    """The target and the headers of a request are larger than they may be."""


class BoundedHttp(HttpToolsProtocol):
    """Refuses a head that is too large or too slow, and what is no HTTP, with a problem each.

    Heads are collected until they are whole. An offer to go on in HTTP/2, as Java's client makes with every
    first request, is passed over: the parser would take the body for that other protocol.
    """

    _is_message = False
    """Whether a message is being parsed; between messages a head is awaited."""
    _fields = 0
    """Bytes of the target and the headers that are parsed so far."""
    _is_refused = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a head."""
        super().connection_made(transport)
        self._head = bytearray()
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        if self._is_refused:
            return  # read on, so that the answer arrives and no reset
        if not self._is_message:
            data = self._collect(data)
        if data:
            super().data_received(data)

    def _collect(self, data: bytes) -> bytes:
        """Return a whole head and what follows it, or what can be none, or nothing as long as it grows."""
        if not self._head:
            data = data.lstrip(b"\r\n")
            if BEGINS.match(data) and -1 < data.find(b"\r\n\r\n") <= MAX_HEAD:
                return _plain(data)  # as nearly always
            self._expect_head()
        start = max(0, len(self._head) - 3)
        self._head += data
        if not BEGINS.match(self._head):
            return self._take()
        end = self._head.find(b"\r\n\r\n", start)
        if max(end, len(self._head) if end < 0 else 0) > MAX_HEAD:
            self._refuse(TOO_LARGE)
            return b""
        return self._take() if end >= 0 else b""

    def _take(self) -> bytes:
        """Return what was collected."""
        data = bytes(self._head)
        self._head.clear()
        return _plain(data)

    def on_message_begin(self) -> None:
        """Go through a head."""
        self._is_message, self._fields = True, 0
        self._expect_head()  # one that begins behind another message may come in pieces
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Go on to the body."""
        self._end_head()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Go back to waiting for a head."""
        self._is_message = False
        super().on_message_complete()

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer."""
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def shutdown(self) -> None:
        """Stop when what is under way is answered; a first request may be on its way a moment longer."""
        if self.cycle is None:
            self.loop.call_later(LINGER_S, super().shutdown)
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser did not take; the reason is ours, as its own may hold what was sent."""
        del msg
        self._refuse(TOO_LARGE if self._fields > MAX_HEAD else MALFORMED)

    def _count(self, size: int) -> None:
        self._fields += size
        if self._fields > MAX_HEAD:
            raise HeadTooLarge

    def _expect_head(self) -> None:
        self._end_head()
        self._deadline = self.loop.call_later(HEAD_S, self._give_up)

    def _end_head(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        """End a connection on which nothing came, and refuse a head that has begun."""
        if self._head:
            self._refuse(TOO_SLOW)
        else:
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer with a problem and close, unless an answer is under way."""
        self._end_head()
        if self._is_refused or self.transport.is_closing():
            return
        self._is_refused = True
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_answer(*refusal))
            self.transport.write_eof()
            self.loop.call_later(LINGER_S, self.transport.close)
        else:
            self.transport.close()


def _plain(data: bytes) -> bytes:
    """Return a head and what follows it, without an offer of another protocol."""
    end = data.find(b"\r\n\r\n") + 4
    if not UPGRADE.search(data, 0, end):
        return data
    return UPGRADE.sub(rb"\1X-Offered:", data[:end]) + data[end:]


def _answer(status: int, slug: str, detail: str) -> bytes:
    """Write a whole answer."""
    request_id, title = new_request_id(), HTTPStatus(status).phrase
    problem = Problem(
        type=f"/problems/{slug}", title=title, status=status, detail=detail, request_id=request_id
    )
    body = problem.model_dump_json().encode()
    head = (
        f"HTTP/1.1 {status} {title}\r\nContent-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\n{HEADER}: {request_id}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
