"""A small strict imitation of the Mistral API: a real server on loopback, and told to misbehave in turn.

It refuses unknown request fields, bad values and bad schemas with 422 and wrong keys with 401, as the
published OpenAPI document says, and keeps what it received for the tests to look at.
"""

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import jsonschema
from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from chat_service.settings import MistralSettings, Settings
from tests.stand_ins import serve_app

KEY = "made-up-key"
PIECE = 7
"""Characters of a piece of a stream."""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Message(Strict):
    role: Literal["system", "user"]
    content: Annotated[str, Field(min_length=1)]


class JsonSchema(Strict):
    name: str
    content: Annotated[dict[str, Any], Field(alias="schema")]
    strict: bool = False

    @field_validator("content")
    @classmethod
    def _is_strict_schema(cls, schema: dict[str, Any]) -> dict[str, Any]:
        jsonschema.Draft202012Validator.check_schema(schema)
        if schema.get("additionalProperties") is not False or set(schema["required"]) != set(
            schema["properties"]
        ):
            raise ValueError("a strict schema names every property and allows no other")
        return schema


class ResponseFormat(Strict):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @model_validator(mode="after")
    def _has_schema(self) -> "ResponseFormat":
        if (self.type == "json_schema") != (self.json_schema is not None):
            raise ValueError("json_schema goes with its type, and only with it")
        return self


class Body(Strict):
    """The fields of a chat completion that the service has reason to send."""

    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    temperature: Annotated[float, Field(ge=0, le=1.5)] | None = None
    random_seed: Annotated[int, Field(ge=0)] | None = None
    max_tokens: Annotated[int, Field(ge=0)] | None = None
    response_format: ResponseFormat
    stream: bool = False

    @model_validator(mode="after")
    def _says_json(self) -> "Body":
        if self.response_format.type == "json_object" and "JSON" not in str(self.messages):
            raise ValueError("without the word JSON the answer would be white space without end")
        return self

    @property
    def fields(self) -> list[str]:
        """The fields of the answer that is asked for."""
        schema = self.response_format.json_schema
        if schema:
            return list(schema.content["properties"])
        return (
            ["summary", "explanation", "facts"] if "`summary`" in str(self.messages) else ["reply", "facts"]
        )


Behaviour = Callable[[Body], Awaitable[Response]]

GOOD = {
    "summary": "This picture looks suspicious to the computer. Please see a breast clinic soon.",
    "explanation": "The computer can be wrong. A pathologist has to look at the whole sample.",
    "reply": "That is a good question to ask. Please talk to your doctor about it.",
}
USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 100,
    "total_tokens": 1100,
    "prompt_tokens_details": {"cached_tokens": 64},
}


class Cut(Response):
    """Promises more than it sends, and closes the connection."""

    def __init__(self, body: bytes, media_type: str) -> None:
        super().__init__()
        self.sent, self.kind = body, media_type.encode()

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", self.kind), (b"content-length", b"50000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.sent, "more_body": True})
        raise ConnectionResetError


def event(data: object) -> bytes:
    """Return a server-sent event as Mistral writes it."""
    return f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


def chunk(content: object, finish: str | None = None, **more: object) -> dict[str, object]:
    """Return a piece of a streamed completion."""
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
    } | more


def pieces(text: str, finish: str = "stop", size: int = PIECE) -> list[bytes]:
    """Return the events of a whole stream."""
    first = chunk("")
    first["choices"][0]["delta"]["role"] = "assistant"
    parts = [chunk(text[start : start + size]) for start in range(0, len(text), size)]
    return [*map(event, [first, *parts, chunk("", finish, usage=USAGE)]), event("[DONE]")]


@dataclass
class MistralImitation:
    """The server as a test sees it; each behaviour is used once, then answers are good."""

    url: str = ""
    key: str = KEY
    behaviours: list[Behaviour] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    """Of every good answer."""
    abandoned: threading.Event = field(default_factory=threading.Event)
    """Set once a caller goes away while the server hangs."""

    def forget(self) -> None:
        self.behaviours, self.requests, self.bodies, self.headers = [], [], [], {}
        self.abandoned.clear()

    def then(self, *behaviours: Behaviour) -> None:
        self.behaviours += behaviours

    def answers(self, times: int = 1, **content: object) -> None:
        """Answer with these words instead of the good ones."""
        self.then(*[lambda body: self.complete(body, content)] * times)

    def says(self, text: str, times: int = 1) -> None:
        """Answer with this text, whatever form was asked for."""
        self.then(*[lambda body: self.complete(body, {}, text=text)] * times)

    def fails(self, status: int, content: object = None, *, times: int = 1, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()

        async def fail(_: Body) -> Response:
            return Response(raw, status, named, named.pop("Content-Type", "application/json"))

        self.then(*[fail] * times)

    def sends(self, raw: bytes, **headers: str) -> None:
        """Send these bytes as if they were a completion."""
        self.fails(200, raw, **headers)

    def hangs(self, seconds: float) -> None:
        async def hang(body: Body) -> Response:
            request, end = self.requests[-1], time.monotonic() + seconds
            while time.monotonic() < end:
                if await request.is_disconnected():
                    self.abandoned.set()
                    break
                await asyncio.sleep(0.02)
            return await self.complete(body, {})

        self.then(hang)

    def cuts(self, body: bytes = b'{"choices": [', media_type: str = "application/json") -> None:
        async def cut(_: Body) -> Response:
            return Cut(body, media_type)

        self.then(cut)

    def streams(
        self,
        events: Sequence[bytes],
        pause: float = 0.0,
        *,
        media_type: str = "text/event-stream",
        gate: threading.Event | None = None,
    ) -> None:
        """Send these events and end, with a pause after each, and after the first until the gate opens."""

        async def body() -> AsyncIterator[bytes]:
            try:
                for each in events:
                    yield each
                    await asyncio.sleep(pause)
                    while gate and not gate.is_set():
                        await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                self.abandoned.set()
                raise

        async def stream(_: Body) -> Response:
            return StreamingResponse(body(), media_type=media_type)

        self.then(stream)

    async def complete(
        self,
        body: Body,
        content: dict[str, object],
        *,
        finish: str = "stop",
        chunks: bool = False,
        text: str | None = None,
    ) -> Response:
        """Answer as the schema asks: the words given, else the good ones, else nothing."""
        words = {name: content.get(name, GOOD.get(name, [])) for name in body.fields}
        words |= {name: value for name, value in content.items() if name not in words}
        said = json.dumps(words) if text is None else text
        if body.stream:
            return StreamingResponse(
                _each(pieces(said, finish)), media_type="text/event-stream", headers=self.headers
            )
        whole: object = said
        if chunks:
            thought = {"type": "thinking", "thinking": [{"type": "text", "text": "You have cancer."}]}
            whole = [thought, {"type": "text", "text": said[:9]}, {"type": "text", "text": said[9:]}]
        message = {"role": "assistant", "content": whole}
        choices = [{"index": 0, "message": message, "finish_reason": finish}]
        kind = {"id": "c", "object": "chat.completion", "created": 1, "model": body.model}
        return JSONResponse(kind | {"choices": choices, "usage": USAGE}, headers=self.headers)

    async def serve(self, request: Request) -> Response:
        raw = await request.body()
        # Not before: who looks at the latest request meanwhile would take its body.
        self.requests.append(request)
        self.bodies.append(raw)
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return JSONResponse({"detail": "Unauthorized"}, 401)
        try:
            body = Body.model_validate_json(raw)
        except ValidationError as error:
            # Like the original, it repeats what was sent.
            return JSONResponse({"detail": json.loads(error.json())}, 422)
        if self.behaviours:
            return await self.behaviours.pop(0)(body)
        return await self.complete(body, {})


async def _each(events: list[bytes]) -> AsyncIterator[bytes]:
    for each in events:
        yield each


def settings_for(url: str, **changes: Any) -> Settings:
    """Settings of a chat service that asks this address; its breaker hardly ever opens."""
    others = {"breaker_failures": 1000} | {
        name: changes.pop(name) for name in list(changes) if name in Settings.model_fields
    }
    options = {"api_key": KEY, "deadline_s": 6, "read_timeout_s": 5, "connect_timeout_s": 2}
    return Settings(mistral=MistralSettings(base_url=url, **(options | changes)), **others)


@contextmanager
def serve_imitation() -> Iterator[MistralImitation]:
    """Serve an imitation on a free port of loopback."""
    imitation = MistralImitation()
    app = FastAPI()
    app.post("/v1/chat/completions", response_model=None)(imitation.serve)
    with serve_app(app) as imitation.url:
        yield imitation


@contextmanager
def serve_bytes(*answers: Sequence[bytes], pause: float = 0.0) -> Iterator[tuple[str, list[bytes]]]:
    """Serve raw bytes, one answer to a connection, for what no HTTP server would send.

    Yields:
        The address, and what came in.
    """
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answer in answers:
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    heard.append(_request(connection))
                    for part in answer:
                        connection.sendall(part)
                        time.sleep(pause)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard
    finally:
        # Waking up who still waits for a connection.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        listener.close()


def _request(connection: socket.socket) -> bytes:
    """Read a request to its end: a connection that is closed before would be reset."""
    received = b""
    while more := connection.recv(65536):
        received += more
        head, _, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if length and len(body) >= int(length[1]):
            break
    return received
