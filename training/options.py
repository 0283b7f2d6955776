"""The options of a training plan, for every command that fits a network."""

import argparse
from pathlib import Path

from training.arguments import count, positive, rate
from training.plan import Plan

DEFAULTS = Plan()


def add_plan_options(parser: argparse.ArgumentParser) -> None:
    """Add how to fit: one option for each choice of a `Plan`."""
    parser.add_argument("--epochs", type=count, default=DEFAULTS.epochs, help="0 after a warm start")
    parser.add_argument("--batch-size", type=positive, default=DEFAULTS.batch_size)
    parser.add_argument("--lr", type=rate, default=DEFAULTS.learning_rate, help="peak learning rate")
    parser.add_argument(
        "--warm-start-epochs",
        type=count,
        default=DEFAULTS.warm_start_epochs,
        help="epochs on small crops first: on a CPU the fastest way to a good network (default: %(default)s)",
    )
    parser.add_argument("--start-from", type=Path, help="weights (.warm.pth) of an earlier warm start")
    parser.add_argument("--images-per-epoch", type=positive, help="default: as many as there are")
    parser.add_argument("--seed", type=count, default=DEFAULTS.seed)


def read_plan(options: argparse.Namespace) -> Plan:
    """Return the plan that the options ask for.

    Raises:
        PlanEmpty: if nothing would be fitted.
    """
    return Plan(
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.lr,
        warm_start_epochs=options.warm_start_epochs,
        start_from=options.start_from,
        images_per_epoch=options.images_per_epoch,
        seed=options.seed,
    )
