"""LitServe with ONNX Runtime: decodes and prepares the same uploads to the same inputs as our service.

Run by `bench.servers` as a process of its own: NETWORK PORT WORKERS THREADS BATCH.
"""

import copyreg
import io
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import litserve
import numpy as np
import torch
from fastapi import Request
from PIL import Image

from artifact.preprocess import Preprocess
from bench.engines import Engine, Inputs, open_onnx

WAIT_S = 0.002
"""How long a batch waits for company, where there are batches."""


class Whole(litserve.LitAPI):  # type: ignore[misc]  # it has no types
    """Bytes of an image to probabilities."""

    def __init__(self, network: Path, threads: int, batch: int) -> None:
        super().__init__(max_batch_size=batch, batch_timeout=WAIT_S if batch > 1 else 0.0)
        self._network, self._threads = network, threads

    def setup(self, _device: str) -> None:
        """Open the network, in each worker."""
        torch.set_num_threads(1)
        self._engine: Engine = open_onnx(self._network, self._threads)
        self._prepare = cast(Callable[[list[torch.Tensor]], torch.Tensor], Preprocess())

    def decode_request(self, request: Request) -> Inputs:
        """Decode the upload, as our service does, and prepare it with the very same code."""
        form = cast(Any, request)  # LitServe has read it into a form by now
        pixels = np.asarray(Image.open(form["file"].file).convert("RGB"))
        with torch.inference_mode():
            return cast(Inputs, self._prepare([torch.from_numpy(pixels.copy())])[0].numpy())

    def batch(self, inputs: Sequence[Inputs]) -> Inputs:
        """Put inputs together."""
        return np.stack(inputs)

    def predict(self, inputs: Inputs) -> Any:
        """Compute one input, or a batch of them."""
        return self._engine(inputs if inputs.ndim == 4 else inputs[None])  # noqa: PLR2004 - N, C, H, W

    def unbatch(self, output: Any) -> list[Any]:
        """Take the answers of a batch apart."""
        return [row[None] for row in output]

    def encode_response(self, output: Any) -> dict[str, list[float]]:
        """Answer."""
        return {"probabilities": output[0].tolist()}


def _reduce(upload: Any) -> tuple[type[io.BytesIO], tuple[bytes]]:
    upload.seek(0)
    return io.BytesIO, (upload.read(),)


def main(arguments: Sequence[str]) -> None:
    """Serve until terminated."""
    network, port, workers, threads, batch = arguments
    # Uploads go to the workers through a pipe, which Python's own upload files cannot do.
    copyreg.pickle(tempfile.SpooledTemporaryFile, cast(Any, _reduce))
    api = Whole(Path(network), int(threads), int(batch))
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=int(workers), timeout=60)
    server.run(host="127.0.0.1", port=int(port), log_level="error", generate_client_file=False)


if __name__ == "__main__":
    main(sys.argv[1:])
