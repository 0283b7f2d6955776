"""The options of a training plan, for every command that fits a network."""

import argparse
from pathlib import Path
from typing import get_args

from training.arguments import count, positive, probability, rate
from training.evaluation import AIM, Aim
from training.networks import ARCHITECTURES
from training.plan import Plan
from training.precision import Precision

DEFAULTS = Plan()


def add_plan_options(parser: argparse.ArgumentParser) -> None:
    """Add how to fit: one option for each choice of a `Plan`."""
    parser.add_argument(
        "--architecture",
        choices=ARCHITECTURES,
        default=DEFAULTS.architecture,
        help="network; all but plantnetv2 begin with ImageNet weights (default: %(default)s)",
    )
    parser.add_argument("--epochs", type=count, default=DEFAULTS.epochs, help="0 after a warm start")
    parser.add_argument("--batch-size", type=positive, default=DEFAULTS.batch_size)
    parser.add_argument("--lr", type=rate, default=DEFAULTS.learning_rate, help="peak learning rate")
    parser.add_argument(
        "--warm-start-epochs",
        type=count,
        default=DEFAULTS.warm_start_epochs,
        help="epochs on small views first: on a CPU the fastest way to a good network (default: %(default)s)",
    )
    parser.add_argument(
        "--head-epochs",
        type=count,
        default=DEFAULTS.head_epochs,
        help="pretrained networks: epochs of the last layer alone first (default: %(default)s)",
    )
    parser.add_argument(
        "--weights",
        type=Path,
        help="weights to begin with: PlantNetV2's of an earlier warm start (.warm.pth), another network's of "
        "an earlier run, or its ImageNet weights as published",
    )
    parser.add_argument(
        "--keep",
        type=probability,
        default=DEFAULTS.kept,
        metavar="SHARE",
        help="share of those weights in what a warm start leaves: it then forgets less (default: 0)",
    )
    parser.add_argument("--images-per-epoch", type=positive, help="default: as many as there are")
    parser.add_argument(
        "--patience",
        type=count,
        default=DEFAULTS.patience,
        help="end a stage after as many epochs without a better validation AUC; 0: never "
        "(default: %(default)s)",
    )
    parser.add_argument("--seed", type=count, default=DEFAULTS.seed)
    parser.add_argument(
        "--precision",
        choices=get_args(Precision),
        default=DEFAULTS.precision,
        help="auto: mixed precision on GPUs and on CPUs that multiply bfloat16 (default: %(default)s)",
    )


def read_plan(options: argparse.Namespace) -> Plan:
    """Return the plan that the options ask for.

    Raises:
        PlanEmpty: if nothing would be fitted.
    """
    return Plan(
        architecture=options.architecture,
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.lr,
        warm_start_epochs=options.warm_start_epochs,
        head_epochs=options.head_epochs,
        weights=options.weights,
        kept=options.keep,
        images_per_epoch=options.images_per_epoch,
        patience=options.patience,
        seed=options.seed,
        precision=options.precision,
    )


def add_aim_options(parser: argparse.ArgumentParser) -> None:
    """Add what the band around the threshold is to keep on validation images."""
    parser.add_argument(
        "--band-sensitivity",
        type=probability,
        default=AIM.sensitivity,
        help="share of malignant images at or above the band's lower edge (default: %(default)s)",
    )
    parser.add_argument(
        "--band-specificity",
        type=probability,
        default=AIM.specificity,
        help="share of benign images below the band's upper edge (default: %(default)s)",
    )


def read_aim(options: argparse.Namespace) -> Aim:
    """Return what the band is to keep."""
    return Aim(options.band_sensitivity, options.band_specificity)
