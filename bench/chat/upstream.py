"""A server that completes every chat after a while: `python -m bench.chat.upstream PORT SECONDS`.

As little Python as possible, since it shares the cores with what is measured.
"""

import asyncio
import json
import sys

HOST = "127.0.0.1"
WORDS = {
    "summary": "To the computer, this picture looks more like what doctors check soon. It can be wrong.",
    "explanation": "A pathologist looks at the whole sample. Please ask a breast clinic for the next step.",
    "facts": [],
}
COMPLETION = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": json.dumps(WORDS)},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 60, "total_tokens": 1060},
}


def answer_of(body: bytes) -> bytes:
    """Return a whole answer with this body."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


ANSWER = answer_of(json.dumps(COMPLETION).encode())
HEALTHY = answer_of(b"{}")


class Chat(asyncio.Protocol):
    """One connection."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - narrows the type
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once a request has come as a whole."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._received = b""
        asks = head.startswith(b"POST")
        if asks and self._seconds:
            asyncio.get_running_loop().call_later(self._seconds, self._answer, ANSWER)
        else:
            self._answer(ANSWER if asks else HEALTHY)

    def _answer(self, answer: bytes) -> None:
        assert self._transport is not None  # noqa: S101 - narrows the type
        self._transport.write(answer)


def _length(head: bytes) -> int:
    lines = (line.lower().partition(b":") for line in head.split(b"\r\n"))
    return next((int(value) for name, _, value in lines if name == b"content-length"), 0)


async def serve(port: int, seconds: float) -> None:
    """Serve until ended."""
    server = await asyncio.get_running_loop().create_server(lambda: Chat(seconds), HOST, port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
