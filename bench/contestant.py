"""One side of a comparison, in a process of its own: neither lives on the other's memory or settings."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import torch

from bench.contest import CONTESTS, Setting, choose
from bench.ours import OurLoop
from bench.plain import PlainLoop

PLAIN = "plain"
TORCH_DEFAULTS = {"THP_MEM_ALLOC_ENABLE": "0"}
"""What the training room changes in torch, and whoever writes a plain loop does not."""


class ContestantFailed(Exception):
    """One side ended before its time; what it said stands above."""


class Task(NamedTuple):
    """What a contestant is told on its command line."""

    side: str
    """`plain`, or a precision of ours."""
    folder: str
    contest: int
    """Which of `CONTESTS`."""
    images: int
    rounds: int
    batch_size: int
    device: str

    @property
    def setting(self) -> Setting:
        """What is the same for both sides."""
        return Setting(self.images, self.rounds, self.batch_size, torch.device(self.device))


class Contestant:
    """A process that fits an epoch whenever it is told."""

    def __init__(self, task: Task) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - this very room
            [sys.executable, "-m", "bench.contestant", json.dumps(task)],
            env=os.environ | (TORCH_DEFAULTS if task.side == PLAIN else {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Contestant":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate()

    def fit_epoch(self, workers: int) -> float:
        """Have an epoch fitted, with so many reading processes if this is the plain loop; return its seconds.

        Raises:
            ContestantFailed: if the process has ended.
        """
        assert self._process.stdin is not None  # noqa: S101 - both are pipes
        assert self._process.stdout is not None  # noqa: S101
        try:
            self._process.stdin.write(f"{workers}\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise ContestantFailed from error
        seconds = self._process.stdout.readline()
        if not seconds:
            raise ContestantFailed
        return float(seconds)


def make(task: Task) -> Callable[[int], object]:
    """Return what fits an epoch with so many reading processes."""
    contest = CONTESTS[task.contest]
    images = choose(Path(task.folder), task.images)
    if task.side == PLAIN:
        return PlainLoop(contest.build(), images, contest.edge, task.setting).fit_epoch
    ours = OurLoop(contest, images, task.setting, "float32" if task.side == "float32" else "auto")
    return lambda _: ours.fit_epoch()


def main(arguments: Sequence[str]) -> int:
    """Fit an epoch for each line that comes in, and say how many seconds it took."""
    fit_epoch = make(Task(*json.loads(arguments[0])))
    for line in sys.stdin:
        begun = time.perf_counter()
        fit_epoch(int(line))
        print(time.perf_counter() - begun, flush=True)  # noqa: T201 - the answer
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
