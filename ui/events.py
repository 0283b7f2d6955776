"""Server-sent events, as the chat service writes an answer while it comes into being."""

import json
from collections.abc import Callable, Iterable, Iterator

MEDIA_TYPE = "text/event-stream"

Show = Callable[[str], None]
"""Takes all the text so far, again and again; empty where everything is taken back."""


class StreamBroken(Exception):
    """The events ended before the result, or are none that the contract knows."""


def follow(pieces: Iterable[bytes], show: Show) -> str:
    """Show the words of an answer as they come, and return the JSON of the whole answer.

    Raises:
        StreamBroken: if there is none.
    """
    text = ""
    for name, data in read_events(pieces):
        if name == "result":
            return data
        if name == "reset":
            text = ""
        elif name == "delta":
            text += _text_of(data)
        else:
            continue
        show(text)
    raise StreamBroken


def read_events(pieces: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Yield name and data of each event; comments and other fields are passed over."""
    name, data = "message", list[str]()
    for line in _read_lines(pieces):
        field, _, value = line.partition(":")
        if field == "event":
            name = value.removeprefix(" ")
        elif field == "data":
            data.append(value.removeprefix(" "))
        elif not line:
            if data:
                yield name, "\n".join(data)
            name, data = "message", []


def _read_lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield whole lines; a character may be cut in two between pieces, so only they are decoded."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r").decode("utf-8", "replace")


def _text_of(data: str) -> str:
    try:
        text = json.loads(data)["text"]
    except (ValueError, LookupError, TypeError) as error:
        raise StreamBroken from error
    if not isinstance(text, str):
        raise StreamBroken
    return text
