"""Images per second of an epoch of fitting, data loading included, beside a plain torchvision loop."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.contest import CONTESTS, Setting, choose
from bench.contestant import PLAIN, Contestant, Task
from bench.ours import list_precisions
from bench.turns import Times, take_turns


class Row(NamedTuple):
    """Images per second of both sides."""

    data_set: str
    contest: str
    epoch: str
    arithmetic: str
    """What ours multiplies in; the plain loop multiplies in float32."""
    ours: float
    plain: float
    workers: int
    """Reading processes with which the plain loop was fastest."""


def compare(folder: Path, contest: int, setting: Setting, readers: tuple[int, ...]) -> list[Row]:
    """Fit one network on the same images in both ways, epoch by epoch in turns.

    Args:
        folder: With `train_dataset/CLASS/`.
        contest: Which of `CONTESTS`.
        setting: How much, and how long.
        readers: Numbers of reading processes that the plain loop tries; its best one counts.

    Raises:
        ContestantFailed: if one side ends before its time.
    """
    precisions = list_precisions(setting.device)
    images = len(choose(folder, setting.images).rows)
    task = Task(PLAIN, str(folder), contest, images, setting.rounds, setting.batch_size, str(setting.device))
    contestants: dict[str, Callable[[], float]] = {}
    with ExitStack() as stack:
        for name, precision in precisions.items():
            ours = stack.enter_context(Contestant(task._replace(side=precision)))
            contestants[name] = partial(ours.fit_epoch, 0)
        plain = stack.enter_context(Contestant(task))
        contestants |= {str(number): partial(plain.fit_epoch, number) for number in readers}
        times = take_turns(contestants, setting.rounds)
    return [
        _row(folder.name, CONTESTS[contest].title, epoch, name, _speeds(times, epoch, images))
        for name in precisions
        for epoch in ("first", "later")
    ]


def _speeds(times: dict[str, Times], epoch: str, images: int) -> dict[str, float]:
    """Return images per second of each contestant in the first epoch, or the median of the later ones."""
    if epoch == "first":
        return {name: images / each.first for name, each in times.items()}
    return {name: images / median(each.later) for name, each in times.items()}


def _row(data_set: str, contest: str, epoch: str, ours: str, speeds: dict[str, float]) -> Row:
    readers = max((name for name in speeds if name.isdigit()), key=speeds.__getitem__)
    return Row(data_set, contest, epoch, ours, speeds[ours], speeds[readers], int(readers))


def show(rows: list[Row]) -> str:
    """Return the table, in Markdown."""
    head = "| Images | Network and views | Epoch | Ours computes in | Ours, images/s | Plain loop, images/s "
    lines = [head + "(readers) | Ratio |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        lines.append(
            f"| {row.data_set} | {row.contest} | {row.epoch} | {row.arithmetic} | {row.ours:.3g} | "
            f"{row.plain:.3g} ({row.workers}) | {row.ours / row.plain:.2f} |"
        )
    return "\n".join(lines)
