"""A small strict imitation of the Mistral API: a real server on loopback, and told to misbehave in turn.

It refuses unknown request fields, bad values and bad schemas with 422 and wrong keys with 401, as the
published OpenAPI document says, and keeps what it received for the tests to look at.
"""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import jsonschema
import pytest
import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

KEY = "made-up-key"


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
    type: Literal["json_schema"]
    json_schema: JsonSchema


class Body(Strict):
    """The fields of a chat completion that the service has reason to send."""

    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    temperature: Annotated[float, Field(ge=0, le=1.5)] | None = None
    random_seed: Annotated[int, Field(ge=0)] | None = None
    max_tokens: Annotated[int, Field(ge=0)] | None = None
    response_format: ResponseFormat


Behaviour = Callable[[Body], Awaitable[Response]]

GOOD = {
    "summary": "This picture looks suspicious to the computer. Please see a breast clinic soon.",
    "explanation": "The computer can be wrong. A pathologist has to look at the whole sample.",
    "reply": "That is a good question to ask. Please talk to your doctor about it.",
}


class Cut(Response):
    """Promises more than it sends, and closes the connection."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"5000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"choices": [', "more_body": True})
        raise ConnectionResetError


@dataclass
class MistralImitation:
    """The server as a test sees it; each behaviour is used once, then answers are good."""

    url: str = ""
    key: str = KEY
    behaviours: list[Behaviour] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def forget(self) -> None:
        self.behaviours, self.requests, self.bodies = [], [], []

    def then(self, *behaviours: Behaviour) -> None:
        self.behaviours += behaviours

    def answers(self, times: int = 1, **content: object) -> None:
        """Answer with these words instead of the good ones."""
        self.then(*[lambda body: self.complete(body, content)] * times)

    def fails(self, status: int, content: object = None, *, times: int = 1, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()

        async def fail(_: Body) -> Response:
            return Response(raw, status, named, "application/json")

        self.then(*[fail] * times)

    def sends(self, raw: bytes, **headers: str) -> None:
        """Send these bytes as if they were a completion."""
        self.fails(200, raw, **headers)

    def hangs(self, seconds: float) -> None:
        async def hang(body: Body) -> Response:
            await asyncio.sleep(seconds)
            return await self.complete(body, {})

        self.then(hang)

    def cuts(self) -> None:
        async def cut(_: Body) -> Response:
            return Cut()

        self.then(cut)

    async def complete(
        self, body: Body, content: dict[str, object], *, finish: str = "stop", chunks: bool = False
    ) -> Response:
        """Answer as the schema asks: the words given, else the good ones, else nothing."""
        fields = body.response_format.json_schema.content["properties"]
        words = {name: content.get(name, GOOD.get(name, [])) for name in fields}
        words |= {name: value for name, value in content.items() if name not in fields}
        text: object = json.dumps(words)
        if chunks:
            thought = {"type": "thinking", "thinking": [{"type": "text", "text": "You have cancer."}]}
            text = [thought, {"type": "text", "text": text[:9]}, {"type": "text", "text": text[9:]}]
        message = {"role": "assistant", "content": text}
        choices = [{"index": 0, "message": message, "finish_reason": finish}]
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        return JSONResponse(
            {
                "id": "c",
                "object": "chat.completion",
                "created": 1,
                "model": body.model,
                "choices": choices,
                "usage": usage,
            }
        )

    async def serve(self, request: Request) -> Response:
        self.requests.append(request)
        raw = await request.body()
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


@pytest.fixture(scope="session")
def mistral_server() -> Iterator[MistralImitation]:
    imitation = MistralImitation()
    app = FastAPI()
    app.post("/v1/chat/completions", response_model=None)(imitation.serve)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    imitation.url = f"http://127.0.0.1:{port}"
    yield imitation
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def mistral(mistral_server: MistralImitation) -> MistralImitation:
    mistral_server.forget()
    return mistral_server
