"""Fitting a network: an optional start on small crops, then the full network, with a checkpoint an epoch."""

import logging
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, WeightedRandomSampler
from tqdm import tqdm

from artifact.preprocess import mirror, normalise
from training.augment import augment, crop
from training.checkpoint import checkpoint_of, open_checkpoint, read_weights, write_half, write_state
from training.data import Tiles, draw_weights
from training.evaluation import auc_by_data_set
from training.networks.plantnet import GRID, PlantNetV2, PooledPlantNetV2, inflate
from training.plan import Goal, Plan, Samples, Stage
from training.scoring import group_by_size, score

logger = logging.getLogger(__name__)

WARM_START_RATE = 1e-3
"""Peak learning rate on small crops, whatever the full network's is."""
REFINING_RATE = 3e-4
"""The same for a warm start that begins with the weights of an earlier one."""
CROP_EDGE = 112
"""Edge of the crops of the warm start: a quarter of the work of a whole input."""
LABEL_SMOOTHING = 0.05
GRADIENT_NORM = 1.0
RAMP = 0.1
"""Share of the steps in which the learning rate rises; then it falls along a cosine."""


def fit(samples: Samples, plan: Plan, goal: Goal, device: torch.device) -> PlantNetV2:
    """Fit PlantNetV2, keep the epoch of best mean validation AUC in `goal.out` (weights only), return it.

    After every epoch a checkpoint stands beside `goal.out`. The full network takes about 1.7 GB for weights,
    gradients and Adam's moments.

    Raises:
        RunInterrupted: if a checkpoint stands there and `goal` does not say what to do with it, or had
            another plan.
    """
    classes = 1 + max(sample.label for sample in samples.train)
    run = Run(samples, plan, goal, device)
    torch.manual_seed(plan.seed)
    network = _start(run, classes)
    run.epochs_of(network, Stage("full network", plan.epochs, plan.learning_rate, None))
    read_weights(network, goal.out)
    return network


def _start(run: "Run", classes: int) -> PlantNetV2:
    """Return the full network as its stage begins: drawn at random, or inflated from the warm start."""
    if not run.plan.is_inflated or run.stands_in("full network"):
        return PlantNetV2(classes).to(run.device)
    pooled = PooledPlantNetV2(classes).to(run.device)
    if run.plan.start_from:
        read_weights(pooled, run.plan.start_from)
    if run.plan.warm_start_epochs:
        peak = REFINING_RATE if run.plan.start_from else WARM_START_RATE
        run.epochs_of(pooled, Stage("warm start", run.plan.warm_start_epochs, peak, CROP_EDGE))
        read_weights(pooled, run.goal.warm_out)
    return inflate(pooled.cpu()).to(run.device)


class RunDiverged(Exception):
    """Training went wrong beyond repair; the message says what to change."""


class Run:
    """The epochs of one call: its samples, its device, its files."""

    def __init__(self, samples: Samples, plan: Plan, goal: Goal, device: torch.device) -> None:
        self._train, self._validation = samples
        self.plan, self.goal, self.device = plan, goal, device
        self._saved = open_checkpoint(goal.out, goal.plan, goal.again)

    def stands_in(self, stage: str) -> bool:
        """Whether the checkpoint was written in that stage."""
        return self._saved is not None and self._saved["stage"] == stage

    def epochs_of(self, network: nn.Module, stage: Stage) -> None:
        """Run the stage's epochs that are still to be run, and keep the weights of the best."""
        optimiser = torch.optim.Adam(_groups(network, self.plan.is_inflated and stage.edge is None))
        first, best = 0, -1.0
        if self._saved is not None and self.stands_in(stage.name):
            network.load_state_dict(self._saved["network"])
            optimiser.load_state_dict(self._saved["optimiser"])
            first, best = self._saved["epoch"], self._saved["best"]
        elif stage.edge is None and self.plan.is_inflated:
            best = self._compete(network, stage, best, "as inflated")
        for epoch in range(first, stage.epochs):
            loss = self._epoch(network, optimiser, stage, epoch)
            title = f"{stage.name}, epoch {epoch + 1}/{stage.epochs}, loss {loss:.3f}"
            best = self._compete(network, stage, best, title)
            state = {"plan": self.goal.plan, "stage": stage.name, "epoch": epoch + 1, "best": best}
            weights = {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
            write_state(state | weights, checkpoint_of(self.goal.out))

    def _compete(self, network: nn.Module, stage: Stage, best: float, title: str) -> float:
        """Score on the validation samples, say so, and write the weights if they are the best yet."""
        scores = score(network, self._validation, self.device, stage.prepare)
        by_set = auc_by_data_set(scores, 1 - scores.probabilities()[:, 0])
        mean = sum(by_set.values()) / len(by_set)
        figures = ", ".join(f"{name} {value:.3f}" for name, value in by_set.items())
        logger.info("%s; validation AUC %.4f (%s)", title, mean, figures)
        if mean > best and stage.edge is None:
            write_state(network.state_dict(), self.goal.out)
        elif mean > best:
            write_half(network, self.goal.warm_out)
        return max(mean, best)

    def _epoch(self, network: nn.Module, optimiser: torch.optim.Adam, stage: Stage, epoch: int) -> float:
        """Fit on one epoch's draw; return its mean loss. The draw depends on seed, stage and epoch alone."""
        torch.manual_seed(hash((self.plan.seed, stage.edge or 0, epoch)) % 2**31)
        generator = torch.Generator().manual_seed(torch.initial_seed())
        loader = self._loader(stage, generator)
        network.train()
        total = 0.0
        title = f"{stage.name} {epoch + 1}/{stage.epochs}"
        bar = tqdm(loader, desc=title, unit="batch", leave=False, disable=None)
        for step, (images, labels) in enumerate(bar):
            progress = (epoch + step / len(loader)) / stage.epochs
            for group in optimiser.param_groups:
                group["lr"] = stage.learning_rate * group["share"] * rate(progress)
            loss = _step(network, optimiser, images, labels, (generator, self.device))
            if not math.isfinite(loss):
                raise RunDiverged("The loss is no longer a number. Use a lower --lr or a warm start.")
            total += loss
            bar.set_postfix(loss=f"{loss:.3f}")
        return total / len(loader)

    def _loader(self, stage: Stage, generator: torch.Generator) -> "DataLoader[tuple[Tensor, int]]":
        count = self.plan.images_per_epoch or len(self._train)
        sampler = WeightedRandomSampler(draw_weights(self._train).tolist(), count, generator=generator)
        return DataLoader(
            Tiles(self._train),
            batch_size=self.plan.batch_size,
            sampler=sampler,
            collate_fn=Collate(stage.edge),
            num_workers=0 if self.device.type == "cpu" else 4,
            generator=generator,
        )


Batch = tuple[list[Tensor], list[int]]


@dataclass(frozen=True)
class Collate:
    """Brings tiles to the stage's size, wherever the loader does its work."""

    edge: int | None

    def __call__(self, items: list[tuple[Tensor, int]]) -> Batch:
        """Return the tiles, cropped or mirrored, and the labels."""
        edge = self.edge
        tiles = [mirror(tile) if edge is None else crop(tile, edge) for tile, _ in items]
        return tiles, [label for _, label in items]


def _step(
    network: nn.Module,
    optimiser: torch.optim.Adam,
    images: list[Tensor],
    labels: list[int],
    place: tuple[torch.Generator, torch.device],
) -> float:
    """Take one step on images of one or several sizes, whose gradients add up; return the mean loss."""
    generator, device = place
    optimiser.zero_grad(set_to_none=True)
    total = 0.0
    for rows in group_by_size(images).values():
        batch = augment(torch.stack([images[row] for row in rows]), generator).to(device)
        truth = torch.tensor([labels[row] for row in rows], device=device)
        logits = network(normalise(batch).contiguous(memory_format=torch.channels_last))
        loss = functional.cross_entropy(logits, truth, reduction="sum", label_smoothing=LABEL_SMOOTHING)
        (loss / len(images)).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        total += loss.item() / len(images)
    nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_NORM)
    optimiser.step()
    return total


def rate(progress: float) -> float:
    """Return the share of the peak learning rate at this share of a stage's steps: a ramp, then a cosine."""
    if progress < RAMP:
        return (progress + 0.01) / (RAMP + 0.01)
    return 0.5 * (1 + math.cos(math.pi * (progress - RAMP) / (1 - RAMP)))


def _groups(network: nn.Module, inflated: bool) -> list[dict[str, object]]:
    """Return Adam's parameter groups, each with its share of the learning rate.

    Adam moves every weight by about the learning rate. An inflated weight stands for a 196th of a pooled one,
    so it moves by a 196th; otherwise the first steps would wipe out what the warm start learnt.
    """
    first = [value for name, value in network.named_parameters() if inflated and name == "head.fc1.weight"]
    rest = [value for name, value in network.named_parameters() if not inflated or name != "head.fc1.weight"]
    return [{"params": rest, "share": 1.0}] + [{"params": first, "share": 1 / GRID**2}] * bool(first)
