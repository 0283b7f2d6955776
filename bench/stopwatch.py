"""Engines in processes of their own, timed in turns: neither lives on the other's threads or memory."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np

from artifact.image import decode
from bench.engines import EDGE, open_onnx, open_ours

OURS, PEER, FILES = "ours", "onnxruntime", "files"
"""Sides: two bare engines, and ours from the bytes of a file."""
FILE_COUNT = 16
SECONDS = 1.0
"""How long a side is watched in one turn, after it has warmed up."""


class Side:
    """A process that computes for a while whenever it is told.

    Args:
        name: One of the sides above.
        path: The model file, or the network for ONNX Runtime.
        threads: It computes on.
    """

    def __init__(self, name: str, path: Path, threads: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - this very room
            [sys.executable, "-m", "bench.stopwatch", name, str(path), str(threads)],
            env=os.environ | {"OMP_NUM_THREADS": str(threads)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Side":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate()

    def measure(self, batch: int) -> float:
        """Return milliseconds for each image in batches of this size: the median of a turn.

        Raises:
            RuntimeError: if the process has ended; what it said stands above.
        """
        assert self._process.stdin is not None  # noqa: S101 - both are pipes
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdin.write(f"{batch}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("a side of the bench ended before its time")
        return float(json.loads(answer))


def prepare(name: str, path: Path, threads: int) -> Callable[[int], object]:
    """Return what computes a batch of so many images."""
    if name == FILES:
        return _from_files(path, threads)
    engine = (open_ours if name == OURS else open_onnx)(path, threads)
    inputs = np.random.default_rng(0).uniform(-1, 1, (64, 3, EDGE, EDGE)).astype(np.float32)
    return lambda batch: engine(inputs[:batch])


def _from_files(path: Path, threads: int) -> Callable[[int], object]:
    """Decode and compute one file after the other, on so many threads, as without any HTTP."""
    import artifact  # noqa: PLC0415 - torch, where it is wanted
    from bench.pictures import list_files  # noqa: PLC0415

    model, files, turn = artifact.load(path, "cpu"), list_files(FILE_COUNT), 0
    artifact.use_cores(threads)

    def compute(batch: int) -> object:
        nonlocal turn
        chosen = [files[(turn + row) % len(files)] for row in range(batch)]
        turn += batch
        return model.predict([decode(data, max_pixels=10**8).pixels for data in chosen])

    return compute


def main(arguments: Sequence[str]) -> int:
    """Compute for a while for each line that comes in, and say how many milliseconds an image took."""
    name, path, threads = arguments
    compute = prepare(name, Path(path), int(threads))
    for line in sys.stdin:
        batch, times = int(line), list[float]()
        for _ in range(3):
            compute(batch)
        end = time.perf_counter() + SECONDS
        while (begun := time.perf_counter()) < end or len(times) < FILE_COUNT:
            compute(batch)
            times.append(time.perf_counter() - begun)
        # Files differ: the mean is of the same ones each time. Inputs do not, and what else runs only adds.
        middle = float(
            np.mean(times[: len(times) // FILE_COUNT * FILE_COUNT] if name == FILES else np.median(times))
        )
        print(json.dumps(middle * 1000 / batch), flush=True)  # noqa: T201 - the answer
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
