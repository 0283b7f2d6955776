"""`python -m artifact.decoder MAX_PIXELS`: decode the images that come in, one after the other.

A process of its own, because a codec that crashes, hangs or leaks on a hostile file then takes nothing else
with it. It knows no keys, its words go nowhere, its memory is bounded, and it ends when its service does.
"""

import contextlib
import json
import os
import sys

from artifact.decoded import DecodedImage, ImageError
from artifact.exchange import ConnectionEnded, receive, send
from artifact.image import decode

MAX_FILE = 1_100_000_000
"""Largest file in bytes; beyond what a service takes as a body."""
MEMORY, MEMORY_PER_PIXEL = 1_500_000_000, 32
"""Bytes of address space: for the program, and for each pixel that may be asked for in a few layers."""


def serve(incoming: int, outgoing: int, max_pixels: int) -> None:
    """Answer every file with facts and pixels, or with the name and the words of an error."""
    while True:
        try:
            image = decode(bytes(receive(incoming, MAX_FILE)), max_pixels=max_pixels)
        except ImageError as error:
            send(outgoing, json.dumps({"error": type(error).__name__, "detail": str(error)}).encode())
        else:
            send(outgoing, json.dumps(_facts_of(image)).encode())
            send(outgoing, image.pixels.reshape(-1).data)
            del image  # before waiting for the next: it may be 150 MB


def _facts_of(image: DecodedImage) -> dict[str, str | int | bool | None]:
    return {
        "width": image.width,
        "height": image.height,
        "format": image.format,
        "several": image.several,
        "modality": image.modality,
        "presentation": image.presentation,
    }


def bound_memory(max_pixels: int) -> None:
    """Let a bomb that slips through fail here, and not by taking the service's memory."""
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - exists on Unix only, and counts so on Linux only

        limit = MEMORY + MEMORY_PER_PIXEL * max_pixels
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump would hold a patient's picture


def take_streams() -> tuple[int, int]:
    """Keep the standard streams for messages only: codecs written in C speak there, of what they found."""
    incoming, outgoing = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    return incoming, outgoing


if __name__ == "__main__":
    most = int(sys.argv[1])
    bound_memory(most)
    with contextlib.suppress(ConnectionEnded):
        serve(*take_streams(), most)
