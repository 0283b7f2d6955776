"""An answer as server-sent events: `delta` while it is written, `reset` if it is begun anew, `result`."""

import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from contract.base import Payload

MEDIA_TYPE = "text/event-stream"
JSON = "application/json"
HEARTBEAT = b": still here\n\n"
LONGEST_S = 60.0
"""After this many seconds a reader that does not take what it is sent is given up."""
HEADERS = {
    "Cache-Control": "no-store, no-transform",
    # Told to nginx and those that copied it: hand everything on at once.
    "X-Accel-Buffering": "no",
    "Vary": "Accept",
}
GONE = 499
"""Status in logs and metrics of a request whose sender did not wait; nobody receives it."""


def wants_events(headers: Headers) -> bool:
    """Whether a caller asks for events by name, and not rather for JSON."""
    asked = {JSON: 0.0, MEDIA_TYPE: 0.0}
    for item in ",".join(headers.getlist("accept")).split(","):
        kind, *parameters = (part.strip().lower() for part in item.split(";"))
        if kind in asked:
            asked[kind] = _quality(parameters)
    return asked[MEDIA_TYPE] > 0 and asked[MEDIA_TYPE] >= asked[JSON]


def _quality(parameters: list[str]) -> float:
    try:
        return next((float(each[2:]) for each in parameters if each.startswith("q=")), 1.0)
    except ValueError:
        return 0.0


class _Shown:
    """Turns what is shown into events; never waits, since an answer is small."""

    def __init__(self, events: MemoryObjectSendStream[bytes]) -> None:
        self._events = events

    async def text(self, text: str) -> None:
        self._events.send_nowait(delta_event(text))

    async def reset(self) -> None:
        self._events.send_nowait(_event("reset", "{}"))

    def result(self, answer: Payload) -> None:
        self._events.send_nowait(result_event(answer))


Work = Callable[[_Shown], Awaitable[Payload]]


class EventResponse(Response):
    """Streams an answer; work on it stops when nobody is there to read it.

    Args:
        work: Makes the answer and shows what comes of it.
        heartbeat_s: Longest silence; then a comment is sent.
    """

    media_type = MEDIA_TYPE

    def __init__(self, work: Work, heartbeat_s: float) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._work = work
        self._heartbeat_s = heartbeat_s

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        events, taken = anyio.create_memory_object_stream[bytes](float("inf"))
        with events, taken, anyio.move_on_after(LONGEST_S):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(stop_when_gone, receive, tasks.cancel_scope)
                tasks.start_soon(self._produce, events)
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                await self._write(taken, send)
                tasks.cancel_scope.cancel()

    async def _produce(self, events: MemoryObjectSendStream[bytes]) -> None:
        with events:
            shown = _Shown(events)
            shown.result(await self._work(shown))

    async def _write(self, taken: MemoryObjectReceiveStream[bytes], send: Send) -> None:
        while True:
            body = HEARTBEAT
            try:
                with anyio.move_on_after(self._heartbeat_s):
                    body = await taken.receive()
            except anyio.EndOfStream:
                break
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


Answer = TypeVar("Answer", bound=Payload)


async def answer_json(request: Request, work: Callable[[], Awaitable[Answer]]) -> Response:
    """Answer with JSON; work on it stops when nobody is there to read it."""
    answer: Answer | None = None
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stop_when_gone, request.receive, tasks.cancel_scope)
            answer = await work()
            tasks.cancel_scope.cancel()
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    if answer is None:
        return Response(status_code=GONE)
    return Response(answer.model_dump_json(), media_type=JSON, headers={"Vary": "Accept"})


async def stop_when_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    """Cancel once the caller has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


def delta_event(text: str) -> bytes:
    """Return the next words of an answer as an event."""
    return _event("delta", json.dumps({"text": text}, ensure_ascii=False))


def result_event(answer: Payload) -> bytes:
    """Return a whole answer as an event."""
    return _event("result", answer.model_dump_json())


def _event(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()
