"""The epochs of one run: fit, score, keep the best weights, leave a checkpoint."""

import logging
import zlib
from pathlib import Path

import torch

from artifact.preprocess import mirror
from training import team
from training.checkpoint import State, checkpoint_of, open_checkpoint, read_weights, write_half, write_state
from training.data import Tiles
from training.evaluation import auc_by_data_set
from training.journal import Journal, Line
from training.learner import Learner
from training.loading import WORKERS, Loading
from training.networks import Network, PooledPlantNetV2
from training.networks.network import LEAST_EDGE
from training.plan import Goal, Plan, Samples, Stage
from training.scoring import score, surround

logger = logging.getLogger(__name__)

KEPT = 2_000_000_000
"""Bytes of decoded tiles held in memory at most."""


class Run:
    """One call of `fit`: its samples, its device, its files.

    Raises:
        RunInterrupted: if a checkpoint stands there and `goal` does not say what to do with it, or had
            another plan.
    """

    def __init__(self, samples: Samples, plan: Plan, goal: Goal, device: torch.device) -> None:
        self.plan, self.goal, self.device = plan, goal, device
        self._samples = samples
        self._saved = open_checkpoint(goal.out, goal.plan, goal.again)
        self._journal = Journal(goal.out, self._saved["history"] if self._saved else [])

    def stands_in(self, stage: Stage) -> bool:
        """Whether the checkpoint was written in that stage."""
        return self._saved is not None and self._saved["stage"] == stage.name

    def fit(self, network: Network, stage: Stage) -> Network:
        """Run the stage's epochs that are still to be run, and return the network with its best weights."""
        learner = Learner(network, stage, self.plan, self.device)
        loading = self._load(network)
        first, best, waited = 0, -1.0, 0
        if self._saved is not None and self.stands_in(stage):
            learner.restore(self._saved)
            first, best, waited = (self._saved[key] for key in ("epoch", "best", "waited"))
        elif stage.is_begun:
            best = self._compete(network, stage, best, Line(stage.name, 0, stage.epochs))
            if not self.plan.is_plantnet:
                # The stages share a file of weights: soon the one before could not begin this one again.
                self._save(learner.state() | {"epoch": 0, "best": best, "waited": 0}, stage)
        for epoch in range(first, stage.epochs):
            if self.plan.patience and waited >= self.plan.patience:
                logger.info("No better epoch in the last %d: the stage ends here.", waited)
                break
            line = learner.fit(loading.load(stage, self._seed(stage, epoch)), epoch)
            before, best = best, self._compete(learner.averaged, stage, best, line)
            waited = 0 if best > before else waited + 1
            self._save(learner.state() | {"epoch": epoch + 1, "best": best, "waited": waited}, stage)
        team.wait()
        read_weights(network, self._place(network))
        return network

    def _load(self, network: Network) -> Loading:
        tiles = Tiles(self._samples.train, network.enlargement, KEPT)
        workers = 0 if self.device.type == "cpu" else WORKERS
        least = 1 if self.plan.is_plantnet else LEAST_EDGE
        return Loading(tiles, self.plan.batch_size, self.plan.images_per_epoch, workers, least)

    def _seed(self, stage: Stage, epoch: int) -> int:
        """Return the seed of an epoch's draw, which depends on plan, stage and epoch alone."""
        return zlib.crc32(f"{self.plan.seed}/{stage.name}/{epoch}".encode())

    def _compete(self, network: Network, stage: Stage, best: float, line: Line) -> float:
        """Score on the validation samples, say so, write the weights if they are the best yet."""
        mean = 0.0
        if team.rank() == 0:
            prepare = surround if stage.is_pooled else mirror
            scores = score(network, self._samples.validation, self.device, prepare)
            by_set = auc_by_data_set(scores, self._samples.classes)
            mean = sum(by_set.values()) / len(by_set)
            self._journal.write(line._replace(auc=by_set, mean=mean))
            if mean > best:
                self._keep(network)
        return max(best, team.share(mean))

    def _keep(self, network: Network) -> None:
        if isinstance(network, PooledPlantNetV2):
            write_half(network, self.goal.warm_out)
        else:
            write_state(network.state_dict(), self.goal.out)

    def _place(self, network: Network) -> Path:
        return self.goal.warm_out if isinstance(network, PooledPlantNetV2) else self.goal.out

    def _save(self, state: State, stage: Stage) -> None:
        """Write the checkpoint; the first process does it for all."""
        if team.rank() == 0:
            about = {"plan": self.goal.plan, "stage": stage.name, "history": self._journal.history}
            write_state(about | state, checkpoint_of(self.goal.out))
