"""Fitting a network in stages: small views first, then the whole input."""

import torch

from training.checkpoint import read_weights
from training.networks import Network, PlantNetV2, PooledPlantNetV2, begin, build, inflate
from training.plan import Goal, Plan, Samples, Stage
from training.run import Run

WARM_START_RATE = 1e-3
"""Peak learning rate on small views, whatever the full network's is."""
REFINING_RATE = 3e-4
"""The same for a warm start that begins with the weights of an earlier one."""
WARM_EDGE = 112
"""Edge of the views of the warm start: a quarter of the work of a whole input."""


def fit(samples: Samples, plan: Plan, goal: Goal, device: torch.device) -> Network:
    """Fit a network, keep the epoch of best mean validation AUC in `goal.out` (weights only), return it.

    After every epoch a checkpoint stands beside `goal.out`. PlantNetV2 takes about 2.1 GB for weights,
    their average, gradients and Adam's moments.

    Raises:
        RunInterrupted: if a checkpoint stands there and `goal` does not say what to do with it, or had
            another plan.
        RunDiverged: if the loss stops being a number.
        StateInvalid: if weights to begin with cannot be used.
        WeightsMissing: if ImageNet weights are not at hand.
    """
    torch.manual_seed(plan.seed)
    torch.backends.cudnn.deterministic = True
    classes = len(samples.classes.names)
    run = Run(samples, plan, goal, device)
    return _fit_plantnet(run, classes) if plan.is_plantnet else _fit_pretrained(run, classes)


def _fit_plantnet(run: Run, classes: int) -> Network:
    """Fit PlantNetV2: drawn at random, or inflated from a warm start."""
    plan = run.plan
    full = Stage("full network", plan.epochs, plan.learning_rate, is_pooled=False)
    if not plan.is_inflated or run.stands_in(full):
        return run.fit(PlantNetV2(classes), full)
    pooled = PooledPlantNetV2(classes)
    if plan.weights:
        read_weights(pooled, plan.weights)
    if plan.warm_start_epochs:
        run.fit(pooled, _warm_start(plan))
    return run.fit(inflate(pooled.cpu()), full._replace(is_begun=True))


def _fit_pretrained(run: Run, classes: int) -> Network:
    """Fit a network of others: its last layer, then all of it on small views, then on whole inputs."""
    plan = run.plan
    network = begin(build(plan.architecture, classes), plan.architecture, plan.weights)
    stages = [
        Stage("head", plan.head_epochs, WARM_START_RATE, is_pooled=False, is_head_only=True),
        _warm_start(plan),
        Stage("full network", plan.epochs, plan.learning_rate, is_pooled=False),
    ]
    asked = [stage for stage in stages if stage.epochs]
    begun = next((index for index, stage in enumerate(asked) if run.stands_in(stage)), 0)
    for index, stage in enumerate(asked[begun:], start=begun):
        run.fit(network, stage._replace(is_begun=index > 0))
    return network


def _warm_start(plan: Plan) -> Stage:
    peak = REFINING_RATE if plan.weights else WARM_START_RATE
    return Stage("warm start", plan.warm_start_epochs, peak, WARM_EDGE, kept=plan.kept)
