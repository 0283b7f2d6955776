"""Many images in one upload: each answered by a line, in order, while the rest still arrives."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, suppress
from typing import Annotated

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from contract import Prediction, Problem
from contract.base import Payload
from inference_service.upload import UploadError

MEDIA_TYPE = "application/x-ndjson"
AHEAD = 4
"""Images of one upload that are worked on at a time; the next is read only when one of them is done."""
DRAIN_BYTES, DRAIN_SECONDS = 50_000_000, 10.0
"""How far an upload is read on once nothing more of it is answered."""

Index = Annotated[int, Field(ge=0)]
Upload = bytes | UploadError
Uploads = AsyncGenerator[Upload, None]


class AnsweredLine(Payload):
    """The line of an image that was read."""

    index: Index
    """Place of the image in the upload, from 0."""
    prediction: Prediction


class RefusedLine(Payload):
    """The line of an image without a prediction, or of the place from which on the upload cannot be read."""

    index: Index
    """Place of the image in the upload, from 0."""
    problem: Problem


Line = AnsweredLine | RefusedLine


class _Place:
    """The line of one image, awaited by whoever sends it."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.done = anyio.Event()
        self.line: Line | None = None

    def fill(self, line: Line) -> None:
        self.line = line
        self.done.set()


class BatchResponse(Response):
    """Streams a line for each upload; work stops when nobody is there to read it.

    Reading goes on however slowly lines are taken off: they are small, and a client that sends everything
    before it reads anything would otherwise wait for ever. It waits while images are worked on.

    Args:
        first: The first upload, already read.
        rest: Those after it.
        predict: Turns the bytes of one image into a prediction.
        explain: Turns an error into the problem that the client is told.
        body: What is still to come of the body, read on where a form cannot be read to its end.
        held: What is given back in the end.
    """

    media_type = MEDIA_TYPE

    def __init__(
        self,
        *,
        first: Upload,
        rest: Uploads,
        predict: Callable[[bytes], Awaitable[Prediction]],
        explain: Callable[[Exception], Problem],
        body: AsyncGenerator[bytes, None],
        held: AsyncExitStack,
    ) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._first = first
        self._rest = rest
        self._predict = predict
        self._explain = explain
        self._body = body
        self._held = held
        self._working = anyio.Semaphore(AHEAD)
        self._is_whole = True
        self._has_rest = False

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        async with self._held:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            places, taken = anyio.create_memory_object_stream[_Place](float("inf"))
            async with anyio.create_task_group() as tasks, aclosing(self._rest):
                tasks.start_soon(self._write, taken, send, tasks)
                with places:
                    await self._read(places, tasks)
                if self._is_whole:
                    tasks.start_soon(_stop_when_gone, receive, tasks)

    async def _read(self, places: MemoryObjectSendStream[_Place], tasks: TaskGroup) -> None:
        """Give every upload its place in the answer, and have its image worked on."""
        index, upload = 0, self._first
        while True:
            place = _Place(index)
            places.send_nowait(place)
            await self._working.acquire()
            tasks.start_soon(self._work, place, upload)
            index += 1
            try:
                upload = await anext(self._rest)
            except StopAsyncIteration:
                return
            except (UploadError, HTTPException) as error:
                if isinstance(error.__cause__, ClientDisconnect):
                    tasks.cancel_scope.cancel()
                self._is_whole = False
                self._has_rest = isinstance(
                    error, UploadError
                )  # a body beyond its limit was discarded already
                last = _Place(index)
                last.fill(RefusedLine(index=index, problem=self._explain(error)))
                places.send_nowait(last)
                return

    async def _work(self, place: _Place, upload: Upload) -> None:
        try:
            if isinstance(upload, UploadError):
                raise upload
            place.fill(AnsweredLine(index=place.index, prediction=await self._predict(upload)))
        except Exception as error:  # one failure does not stop the rest; bugs are logged
            place.fill(RefusedLine(index=place.index, problem=self._explain(error)))
        finally:
            self._working.release()

    async def _write(self, taken: MemoryObjectReceiveStream[_Place], send: Send, tasks: TaskGroup) -> None:
        """Send the lines in order, each as soon as it is there."""
        with taken:
            async for place in taken:
                await place.done.wait()
                assert place.line is not None  # noqa: S101 - narrows the type: it is done
                body = place.line.model_dump_json().encode() + b"\n"
                await send({"type": "http.response.body", "body": body, "more_body": True})
        if self._has_rest:
            await self._read_on()
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        tasks.cancel_scope.cancel()

    async def _read_on(self) -> None:
        """Discard the rest of the body: who is still sending would see a reset instead of the last line."""
        left = DRAIN_BYTES
        # RuntimeError is how Starlette says that the body had come to its end.
        with suppress(HTTPException, ClientDisconnect, RuntimeError), anyio.move_on_after(DRAIN_SECONDS):
            async with aclosing(self._body) as body:
                async for chunk in body:
                    left -= len(chunk)
                    if left < 0:
                        return


async def _stop_when_gone(receive: Receive, tasks: TaskGroup) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    tasks.cancel_scope.cancel()
