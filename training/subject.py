"""What is evaluated: a model file, or weights that are no model file yet."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from artifact import choose_device
from training.checkpoint import read_weights
from training.classes import Classes
from training.data import DataProblem, Sample
from training.evaluation import Cut, Scaling
from training.networks import Network, build
from training.reading import Model, classes_of, read
from training.readings import Readings, check_numbers
from training.record import Record, read_record, record_of
from training.report.document import ModelFacts
from training.report.markup import tame
from training.scoring import score


class Subject(NamedTuple):
    """What a report is about."""

    facts: ModelFacts
    classes: Classes
    fitted_share: float | None
    """Share of malignant images at which its probabilities hold, if that is known."""
    read: Callable[[Sequence[Sample], Classes], Readings]
    """Says what it makes of samples whose labels count the given classes."""


def open_model(model: Model) -> Subject:
    """Return a loaded model file as what is evaluated."""
    card = model.card
    facts = ModelFacts(
        name=card.name,
        version=card.version,
        architecture=card.architecture,
        sha256=model.sha256,
        threshold=card.operating_point.threshold,
        band=card.operating_point.band,
    )
    return Subject(facts, classes_of(card), card.calibration.prior, partial(read, model))


def open_weights(weights: Path, device: str) -> Subject:
    """Return trained weights as what is evaluated: in full precision, without a gate.

    Raises:
        DataProblem: if there is no record beside them.
        StateInvalid: if they cannot be used.
        DeviceMissing: if there is no such device.
    """
    place = choose_device(device)
    try:
        record = read_record(weights)
    except (FileNotFoundError, ValueError) as error:
        raise DataProblem(
            f"{weights} has no readable record beside it ({record_of(weights).name}). "
            "Evaluate weights where `python -m training train` wrote them."
        ) from error
    network = build(record.architecture, len(record.classes))
    read_weights(network, weights)
    facts = ModelFacts(
        name=tame(weights.name),
        version="weights, not exported",
        architecture=record.architecture,
        sha256=None,
        threshold=record.operating_point.threshold,
        band=record.operating_point.band,
    )
    return Subject(facts, record.all_classes, None, partial(_score, network.to(place), place, record))


def _score(
    network: Network, device: torch.device, record: Record, samples: Sequence[Sample], truth: Classes
) -> Readings:
    scaling = Scaling(record.temperature, tuple(record.bias) or (0.0,) * len(record.classes), ())
    return Readings(
        samples=list(samples),
        truth=truth,
        probabilities=check_numbers(scaling.apply(score(network, samples, device).outputs)),
        classes=record.all_classes,
        cut=Cut.at(record.operating_point),
    )
