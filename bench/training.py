"""Images per second of an epoch of fitting, data loading included, beside a plain torchvision loop."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import torch
from torchvision.datasets import ImageFolder

from bench.plain import PlainLoop
from bench.turns import take_turns
from training.data import SPLITS, Sample, Tiles
from training.learner import Learner
from training.loading import WORKERS, Loading
from training.networks import Network, PlantNetV2, PooledPlantNetV2
from training.plan import Plan, Stage
from training.run import KEPT

OURS = "ours"
FIRST, LATER = "first epoch, images are decoded", "later epochs, median"


class Contest(NamedTuple):
    """A network, and the edge of the views that both sides fit it on."""

    title: str
    build: Callable[[], Network]
    edge: int


CONTESTS = (
    Contest("PlantNetV2, whole input, 224 px", PlantNetV2, 224),
    Contest("PlantNetV2 behind global pooling (warm start), views of 112 px", PooledPlantNetV2, 112),
)


class Setting(NamedTuple):
    """What is the same for both sides, and how long they are watched."""

    images: int
    """Images of an epoch."""
    rounds: int
    """Epochs after the first one."""
    batch_size: int
    workers: tuple[int, ...]
    """Numbers of reading processes that the plain loop tries; its best one counts."""
    device: torch.device


class Row(NamedTuple):
    """Images per second of both sides."""

    data_set: str
    contest: str
    epoch: str
    ours: float
    plain: float
    workers: int
    """Reading processes with which the plain loop was fastest."""


def compare(folder: Path, contest: Contest, setting: Setting) -> list[Row]:
    """Fit one network on the same images in both ways, epoch by epoch in turns.

    Args:
        folder: With `train_dataset/CLASS/`.
        contest: Which network, on which views.
        setting: How much, and how long.
    """
    root = folder / SPLITS[0]
    rows = _choose(root, setting.images)
    plain = PlainLoop(
        contest.build(),
        root,
        rows,
        edge=contest.edge,
        batch_size=setting.batch_size,
        device=setting.device,
    )
    contestants: dict[str, Callable[[], object]] = {OURS: OurLoop(root, rows, contest, setting).fit_epoch}
    contestants |= {str(workers): partial(plain.fit_epoch, workers) for workers in setting.workers}
    times = take_turns(contestants, setting.rounds)
    speeds = {
        FIRST: {name: len(rows) / each.first for name, each in times.items()},
        LATER: {name: len(rows) / median(each.later) for name, each in times.items()},
    }
    return [_row(folder.name, contest.title, epoch, each) for epoch, each in speeds.items()]


def _choose(root: Path, count: int) -> list[int]:
    """Return the rows of that many images, or of all, in a random but always equal order."""
    total = len(ImageFolder(str(root)))
    order = torch.randperm(total, generator=torch.Generator().manual_seed(0))
    return order[:count].tolist()


class OurLoop:
    """Fitting as `python -m training train` does it."""

    def __init__(self, root: Path, rows: list[int], contest: Contest, setting: Setting) -> None:
        found = ImageFolder(str(root)).samples
        samples = [Sample(Path(found[row][0]), found[row][1], "", root.parent.name) for row in rows]
        is_pooled = contest.build is PooledPlantNetV2
        self._stage = Stage(contest.title, 1 + setting.rounds, 1e-3, contest.edge, is_pooled=is_pooled)
        plan = Plan(batch_size=setting.batch_size)
        self._learner = Learner(contest.build(), self._stage, plan, setting.device)
        workers = 0 if setting.device.type == "cpu" else WORKERS
        self._loading = Loading(Tiles(samples, keep=KEPT), setting.batch_size, None, workers, 1)
        self._epoch = 0

    def fit_epoch(self) -> None:
        """Fit on as many random views as there are images."""
        self._learner.fit(self._loading.load(self._stage, seed=self._epoch), self._epoch)
        self._epoch += 1


def _row(data_set: str, contest: str, epoch: str, speeds: Mapping[str, float]) -> Row:
    workers = max((name for name in speeds if name != OURS), key=speeds.__getitem__)
    return Row(data_set, contest, epoch, speeds[OURS], speeds[workers], int(workers))


def show(rows: list[Row]) -> str:
    """Return the table, in Markdown."""
    lines = [
        "| Images | Network and views | Epoch | Ours, images/s | Plain loop, images/s (readers) | Ratio |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row.data_set} | {row.contest} | {row.epoch} | {row.ours:.2f} | {row.plain:.2f} "
            f"({row.workers}) | {row.ours / row.plain:.2f} |"
        )
    return "\n".join(lines)
