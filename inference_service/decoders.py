"""Decoding in processes of their own, each image within a deadline.

A thread cannot be stopped, and a codec in C can crash; a process can be killed and another one started. An
image of 50x50 takes 0.07 ms longer so, one of 700x460 no longer.
"""

import json
import os
import queue
import subprocess
import sys
import time
from typing import IO, Any, cast

import numpy as np

from artifact import decoded
from artifact.decoded import DecodedImage, ImageError, ImageUnreadable
from artifact.exchange import ConnectionEnded, receive, send, widen

MAX_FACTS = 10_000
"""Largest answer in bytes, apart from pixels."""
TRIES = 2
"""A decoder that dies may have been killed from outside; one that dies twice is killed by the image."""
QUIET = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # Room for ordinary pictures is kept, which saves a third of the time; that of large ones goes back.
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "4000000",
    "MALLOC_TRIM_THRESHOLD_": "16000000",
}
"""The environment of a decoder, apart from where Python finds modules: it gets no keys and no settings."""


class ImageTooSlow(ImageError):
    """Decoding took longer than it may."""


class Decoder:
    """One process and the pipes to it."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "artifact.decoder", str(max_pixels)],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**QUIET, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            start_new_session=True,  # Ctrl-C is the service's business, which finishes what is in flight
        )
        for pipe in (self._to, self._from):
            widen(pipe)
            os.set_blocking(pipe, False)

    @property
    def _to(self) -> int:
        return cast(IO[bytes], self._process.stdin).fileno()

    @property
    def _from(self) -> int:
        return cast(IO[bytes], self._process.stdout).fileno()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def decode(self, data: bytes, seconds: float) -> DecodedImage:
        """Have one image decoded.

        Raises:
            ImageError: as `artifact.image.decode` does.
            TimeoutError: if it takes more than `seconds`; the decoder is then of no more use.
            ConnectionEnded: if the process died; the decoder is then of no more use.
        """
        if self._process.returncode is not None:
            raise ConnectionEnded
        deadline = time.monotonic() + seconds
        send(self._to, data, deadline)
        facts = json.loads(receive(self._from, MAX_FACTS, deadline))
        if "error" in facts:
            raise _error_from(facts)
        shape = (facts.pop("height"), facts.pop("width"), 3)
        pixels = receive(self._from, 3 * self._max_pixels, deadline)
        return DecodedImage(np.frombuffer(pixels, np.uint8).reshape(shape), **facts)

    def kill(self) -> None:
        """End the process at once; who waits for its answer is told that it died."""
        self._process.kill()

    def close(self) -> None:
        """End the process and close the pipes; nobody may be waiting for its answer."""
        self.kill()
        with self._process:  # closes and waits
            pass


class Decoders:
    """A fixed number of decoders, running between `start` and `close`; call `decode` from as many threads."""

    def __init__(self, processes: int, *, max_pixels: int, seconds: float) -> None:
        self._processes = processes
        self._max_pixels = max_pixels
        self._seconds = seconds
        self._idle: queue.LifoQueue[Decoder] = queue.LifoQueue()
        self._running: set[Decoder] = set()

    @property
    def pids(self) -> list[int]:
        """The process ids."""
        return [decoder.pid for decoder in self._running]

    def start(self) -> None:
        """Start the processes, without waiting until they are ready."""
        for _ in range(self._processes):
            self._idle.put(self._add())

    def close(self) -> None:
        """End the processes; images that are being decoded meanwhile become unreadable."""
        running, self._running = self._running, set()
        for decoder in running:
            decoder.kill()
        ended = [self._idle.get() for _ in running]  # as soon as those who waited have been told
        for decoder in ended:
            decoder.close()
            self._idle.put(decoder)

    def decode(self, data: bytes) -> DecodedImage:
        """Decode the image in `data`; blocks, so call it from a worker thread.

        Raises:
            ImageTooSlow: if it takes too long.
            ImageError: in its other kinds, as `artifact.image.decode` does.
        """
        for _ in range(TRIES):
            decoder = self._idle.get()
            try:
                return decoder.decode(data, self._seconds)
            except TimeoutError as error:
                decoder = self._replace(decoder)
                raise ImageTooSlow(
                    f"The image takes longer than {self._seconds:g} seconds to decode. "
                    "Save it again as an ordinary PNG or JPEG, or send a smaller part of it."
                ) from error
            except ConnectionEnded:
                decoder = self._replace(decoder)
            finally:
                self._idle.put(decoder)
        raise ImageUnreadable("The image cannot be decoded. Save it again as an ordinary PNG and send that.")

    def _add(self) -> Decoder:
        decoder = Decoder(self._max_pixels)
        self._running.add(decoder)
        return decoder

    def _replace(self, decoder: Decoder) -> Decoder:
        if decoder not in self._running:
            return decoder  # closed; what comes now ends as the image before
        self._running.discard(decoder)
        decoder.close()
        return self._add()


def _error_from(facts: dict[str, Any]) -> ImageError:
    error: ImageError = getattr(decoded, facts["error"])(facts["detail"])
    return error
