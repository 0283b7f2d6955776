"""The way of one image through the service: decoded in a process, computed in a batch, bounded on the way."""

from collections.abc import Callable

import anyio

from artifact.image import DecodedImage
from contract import Prediction
from inference_service.batching import Batching
from inference_service.classifier import Sent, read
from inference_service.queue import Queue


class Pipeline:
    """Turns the bytes of images into predictions; call it from the event loop, which it never blocks.

    Args:
        queue: Whose threads wait for the decoders.
        decode: Decodes one image, in one of those threads.
        batching: Computes what is decoded.
        max_pixels: Of decoded images that wait; beyond that no other is decoded.
    """

    def __init__(
        self,
        queue: Queue,
        decode: Callable[[bytes], DecodedImage],
        batching: Batching[Sent, Prediction],
        max_pixels: int,
    ) -> None:
        self._queue = queue
        self._decode = decode
        self._batching = batching
        self._max_pixels = max_pixels
        self._pixels = 0
        self._freed = anyio.Event()

    async def predict(self, data: bytes) -> Prediction:
        """Classify the image in `data`; the caller holds a place in the queue.

        Raises:
            ImageError: if it cannot be decoded.
            ModelUnavailable: if there is no model.
        """
        with self._queue.pace.measure():
            while self._pixels > self._max_pixels:
                await self._freed.wait()
            sent = await self._queue.run(read, data, self._decode)
            pixels = sent.image.width * sent.image.height
            self._pixels += pixels
            try:
                return await self._batching.compute(sent)
            finally:
                self._pixels -= pixels
                self._freed.set()
                self._freed = anyio.Event()
