"""Fitting as `python -m training train` does it."""

from pathlib import Path

import torch
from torchvision.datasets import ImageFolder

from bench.contest import Contest, Images, Setting
from training.data import Sample, Tiles
from training.learner import Learner
from training.loading import WORKERS, Loading
from training.networks import PooledPlantNetV2
from training.plan import Plan, Stage
from training.precision import Precision, choose_precision
from training.run import KEPT


class OurLoop:
    """The learner and the loading of a training, epoch by epoch.

    Args:
        contest: What is fitted.
        images: What it is fitted on.
        setting: Batch size and device.
        precision: As `--precision` says it.
    """

    def __init__(self, contest: Contest, images: Images, setting: Setting, precision: Precision) -> None:
        is_pooled = contest.build is PooledPlantNetV2
        plan = Plan(batch_size=setting.batch_size, precision=precision)
        self._stage = Stage(contest.title, 1 + setting.rounds, 1e-3, contest.edge, is_pooled=is_pooled)
        self._learner = Learner(contest.build(), self._stage, plan, setting.device)
        workers = 0 if setting.device.type == "cpu" else WORKERS
        tiles = Tiles(_read(images), keep=KEPT)
        self._loading = Loading(tiles, setting.batch_size, None, workers, least_edge=1)
        self._epoch = 0

    def fit_epoch(self) -> None:
        """Fit on as many random views as there are images."""
        self._learner.fit(self._loading.load(self._stage, seed=self._epoch), self._epoch)
        self._epoch += 1


def _read(images: Images) -> list[Sample]:
    found = ImageFolder(str(images.root)).samples
    chosen = (found[row] for row in images.rows)
    return [Sample(Path(path), label, "", images.data_set) for path, label in chosen]


def list_precisions(device: torch.device) -> dict[str, Precision]:
    """Return what ours can multiply in on this device: as it comes and, where that is mixed, float32 too."""
    default = choose_precision(device, "auto")
    choices: dict[str, Precision] = {str(default).removeprefix("torch."): "auto"}
    return choices | ({} if default is torch.float32 else {"float32": "float32"})
