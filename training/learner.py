"""Fitting a network for one epoch: Adam on batches whose views may be of several sizes."""

import copy
import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader
from tqdm import tqdm

from artifact.preprocess import normalise
from training import team
from training.checkpoint import State
from training.journal import Line
from training.loading import Batch
from training.networks import Network, PlantNetV2
from training.networks.plantnet import GRID
from training.plan import Plan, Stage
from training.precision import choose_precision
from training.scoring import group_by_size

LABEL_SMOOTHING = 0.05
GRADIENT_NORM = 1.0
AVERAGED_EVERY = 8
"""Steps between two additions to the average of the weights: often enough, and cheap for 105 million."""
DECAY = 0.984
"""What an addition leaves of the average: it reaches back about 500 steps (Polyak & Juditsky 1992)."""
Tensors = tuple[Tensor, ...] | list[Tensor]
RAMP = 0.1
"""Share of the steps in which the learning rate rises; then it falls along a cosine."""


class RunDiverged(Exception):
    """Training went wrong beyond repair; the message says what to change."""


class Learner:
    """A network in one stage, with its optimiser; several processes average their gradients."""

    def __init__(self, network: Network, stage: Stage, plan: Plan, device: torch.device) -> None:
        self._network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._stage, self._device = stage, device
        for value in network.features.parameters():
            value.requires_grad_(not stage.is_head_only)
        # Fused: one pass over the 105 million weights instead of seven, without room for what lies between.
        self._optimiser = torch.optim.Adam(_groups(network, is_inflated=plan.is_inflated), fused=True)
        self._begun = [value.detach().clone() for value in network.parameters()] if stage.kept else []
        self._averaged = AveragedModel(network, multi_avg_fn=_average, use_buffers=True)
        self._precision = choose_precision(device, plan.precision)
        self._scaler = torch.amp.GradScaler(device.type, enabled=self._precision is torch.float16)
        self._forward = _distribute(network, device)
        torch.manual_seed(plan.seed * 1_000_003 + team.rank())

    @property
    def averaged(self) -> Network:
        """The network with the mean of its latest weights: about as good as the last ones, and steadier.

        Where the stage keeps a share of the weights that it began with, they are mixed in (Wortsman et al.
        2022, arXiv 2109.01903): what the network knew of other images is then lost less.
        """
        network = cast(Network, self._averaged.module)
        if not self._begun:
            return network
        mixed = copy.deepcopy(network)
        with torch.no_grad():
            torch._foreach_lerp_(list(mixed.parameters()), self._begun, self._stage.kept)
        return mixed

    def state(self) -> State:
        """Return all that the next epoch needs to go on as if nothing had happened."""
        return {
            "network": self._network.state_dict(),
            "averaged": self._averaged.state_dict(),
            "begun": self._begun,
            "optimiser": self._optimiser.state_dict(),
            "scaler": self._scaler.state_dict(),
            "random": torch.get_rng_state(),
        }

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self._network.load_state_dict(state["network"])
        self._averaged.load_state_dict(state["averaged"])
        self._begun = [value.to(self._device) for value in state["begun"]]
        self._optimiser.load_state_dict(state["optimiser"])
        self._scaler.load_state_dict(state["scaler"])
        if team.rank() == 0:
            torch.set_rng_state(state["random"])

    def fit(self, batches: "DataLoader[Batch]", epoch: int) -> Line:
        """Fit on one epoch's batches and return its line, without validation figures yet.

        Raises:
            RunDiverged: if the loss is no longer a number.
        """
        begun, total = time.monotonic(), 0.0
        self._network.train()
        if self._stage.is_head_only:
            self._network.features.eval()  # normalisation layers keep ImageNet's statistics
        title = f"{self._stage.name} {epoch + 1}/{self._stage.epochs}"
        bar = tqdm(batches, desc=title, unit="batch", leave=False, disable=None if team.rank() == 0 else True)
        for step, batch in enumerate(bar):
            self._set_rate((epoch + step / len(batches)) / self._stage.epochs)
            loss = self._step(*batch)
            if (step + 1) % AVERAGED_EVERY == 0 or step + 1 == len(batches):
                self._averaged.update_parameters(self._network)
            if not math.isfinite(loss):
                raise RunDiverged("The loss is no longer a number. Use a lower --lr or a warm start.")
            total += loss
            bar.set_postfix(loss=f"{loss:.3f}")
        line = Line(self._stage.name, epoch + 1, self._stage.epochs, total / len(batches))
        return line._replace(
            learning_rate=self._optimiser.param_groups[0]["lr"], seconds=time.monotonic() - begun
        )

    def _set_rate(self, progress: float) -> None:
        for group in self._optimiser.param_groups:
            group["lr"] = self._stage.learning_rate * group["share"] * rate(progress)

    def _step(self, views: list[Tensor], labels: Tensor) -> float:
        """Take one step; the gradients of views of several sizes add up. Return the mean loss."""
        self._optimiser.zero_grad(set_to_none=True)
        groups = list(group_by_size(views).values())
        total = 0.0
        for index, rows in enumerate(groups):
            batch = torch.stack([views[row] for row in rows]).to(self._device, non_blocking=True)
            truth = labels[rows].to(self._device)
            with self._without_exchange(is_last=index == len(groups) - 1):
                loss = self._loss(batch, truth) / len(views)
                self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            total += loss.item()
        self._scaler.unscale_(self._optimiser)
        nn.utils.clip_grad_norm_(self._network.parameters(), GRADIENT_NORM)
        self._scaler.step(self._optimiser)
        self._scaler.update()
        return team.add(total) / team.size()

    def _loss(self, batch: Tensor, truth: Tensor) -> Tensor:
        """Return the summed loss of uint8 views of one size."""
        pixels = normalise(batch.float()).contiguous(memory_format=torch.channels_last)
        is_mixed = self._precision is not torch.float32
        with torch.autocast(self._device.type, self._precision if is_mixed else None, enabled=is_mixed):
            logits = self._forward(pixels).float()
        return functional.cross_entropy(logits, truth, reduction="sum", label_smoothing=LABEL_SMOOTHING)

    def _without_exchange(self, *, is_last: bool) -> AbstractContextManager[None]:
        """Hold gradients back from the other processes until those of the last group are added."""
        if is_last or not isinstance(self._forward, DistributedDataParallel):
            return nullcontext()
        return _hold_back(self._forward)


@contextmanager
def _hold_back(parallel: DistributedDataParallel) -> Iterator[None]:
    with parallel.no_sync():
        yield


def _distribute(network: Network, device: torch.device) -> nn.Module:
    if not team.is_team():
        return network
    return DistributedDataParallel(network, device_ids=[device] if device.type == "cuda" else None)


def _average(averages: Tensors, values: Tensors, count: Tensor | int) -> None:
    """Add the latest values; early on the average reaches back a tenth of the way, as it has no past yet."""
    decay = min(DECAY, (1 + int(count)) / (10 + int(count)))
    if averages[0].is_floating_point():
        torch._foreach_lerp_(averages, values, 1 - decay)
    else:  # how many batches a normalisation layer has seen
        torch._foreach_copy_(averages, values)


def rate(progress: float) -> float:
    """Return the share of the peak learning rate at this share of a stage's steps: a ramp, then a cosine."""
    if progress < RAMP:
        return (progress + 0.01) / (RAMP + 0.01)
    return 0.5 * (1 + math.cos(math.pi * (progress - RAMP) / (1 - RAMP)))


def _groups(network: Network, *, is_inflated: bool) -> list[dict[str, object]]:
    """Return Adam's parameter groups, each with its share of the learning rate.

    Adam moves every weight by about the learning rate. An inflated weight stands for a 196th of a pooled one,
    so it moves by a 196th; otherwise the first steps would wipe out what the warm start learnt.
    """
    is_inflated = is_inflated and isinstance(network, PlantNetV2)
    first = [network.get_parameter("head.fc1.weight")] if is_inflated else []
    rest = [
        value
        for value in network.parameters()
        if value.requires_grad and not any(value is other for other in first)
    ]
    return [{"params": rest, "share": 1.0}] + [{"params": first, "share": 1 / GRID**2}] * bool(first)
