"""Grouped k-fold: every image is read by a network that was fitted without its patient."""

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from pydantic import Field, ValidationError

from contract import OperatingPoint
from contract.base import Payload, Probability
from training.checkpoint import Again, checkpoint_of
from training.classes import Classes
from training.comparison import calibrate
from training.data import Sample, Split, digest, rows_by_data_set
from training.evaluation import AIM, Aim
from training.evaluation.outcomes import Cut
from training.fit import fit
from training.folds import split_by_patient, split_folds
from training.networks import Network
from training.plan import Goal, Plan, Samples
from training.readings import Readings, check_numbers
from training.scoring import score

logger = logging.getLogger(__name__)

VALIDATION_FOLDS = 5
"""One image in five of the random split validates."""


class FoldsInterrupted(Exception):
    """Folds of something else stand in the way; the message says how to go on."""


Fit = Callable[[Samples, Plan, Goal, torch.device], Network]


class Task(NamedTuple):
    """What is fitted in every fold, and where its files go."""

    plan: Plan
    classes: Classes
    device: torch.device
    folder: Path
    always: Sequence[Sample] = ()
    """Images that every fold is fitted on beside its own, but for patients that it holds out."""
    by_patient: bool = True
    """False for the random split, whose figures are inflated."""
    aim: Aim = AIM
    """What the band of each fold is to keep on its validation images."""
    fit: Fit = fit


class FoldRecord(Payload):
    """What a fold leaves behind: what it says of the images it held out."""

    key: str
    """Digest of plan and images, by which the record knows whether it belongs here."""
    temperature: float
    bias: list[float]
    operating_point: OperatingPoint
    probabilities: list[list[Probability]] = Field(min_length=1)
    """Calibrated, one row for each image held out, in their order."""


def cross_validate(task: Task, samples: Sequence[Sample], count: int) -> Readings:
    """Fit one network a fold and return what each says of the images it never saw, in the samples' order.

    A fold whose record stands is not fitted again; one that was interrupted goes on from its checkpoint.

    Raises:
        DataProblem: if the folds cannot be made.
        FoldsInterrupted: if records of another plan or of other images stand there.
    """
    folds = split_folds(samples, count, task.plan.seed, by_patient=task.by_patient)
    places = {sample.path: row for row, sample in enumerate(samples)}
    probabilities = np.zeros((len(samples), len(task.classes.names)))
    cut = Cut(*(np.zeros(len(samples)) for _ in Cut._fields))
    numbers = np.zeros(len(samples), dtype=np.int64)
    for number, (rest, held) in enumerate(folds, start=1):
        logger.info("Fold %d of %d: %d images are held out.", number, count, len(held))
        record = _run_fold(task, number, rest, held)
        rows = [places[sample.path] for sample in held]
        probabilities[rows], numbers[rows] = record.probabilities, number
        for column, edge in zip(cut, Cut.at(record.operating_point), strict=True):
            np.asarray(column)[rows] = edge
    return Readings(list(samples), task.classes, probabilities, task.classes, cut, folds=numbers)


def _run_fold(task: Task, number: int, rest: Sequence[Sample], held: Sequence[Sample]) -> FoldRecord:
    """Return the fold's record, from its file or from fitting it."""
    split = _divide(task, rest, held)
    key = hashlib.sha256(f"{task.plan.describe()}{task.aim}{digest([split])}".encode()).hexdigest()
    path = task.folder / f"{'patients' if task.by_patient else 'random'}-{number}.json"
    if path.exists():
        return _read_record(path, key)
    place = path.with_suffix("")
    place.mkdir(parents=True, exist_ok=True)
    record = _fit_fold(task, split, key, place)
    _write_record(record, path)
    shutil.rmtree(place)
    return record


def _fit_fold(task: Task, split: Split, key: str, place: Path) -> FoldRecord:
    """Fit a network, calibrate it on the validation images, and read the images held out."""
    weights = place / "weights.pth"
    again: Again | None = "resume" if checkpoint_of(weights).exists() else None
    goal = Goal(weights, task.plan.describe() | {"images": key}, again)
    network = task.fit(Samples(split.train, split.validation, task.classes), task.plan, goal, task.device)
    validation = score(network, split.validation, task.device)
    scaling, judgement = calibrate(validation, task.classes, task.aim)
    return FoldRecord(
        key=key,
        temperature=scaling.temperature,
        bias=list(scaling.bias),
        operating_point=judgement.point,
        probabilities=check_numbers(scaling.apply(score(network, split.test, task.device).outputs)).tolist(),
    )


def _divide(task: Task, rest: Sequence[Sample], held: Sequence[Sample]) -> Split:
    """Carve validation images out of what is not held out, in each data set, as the folds were made."""
    train, validation = [], []
    for rows in rows_by_data_set(rest).values():
        own = [rest[row] for row in rows]
        if task.by_patient:
            fitted, chosen = split_by_patient(own, task.plan.seed)
        else:
            fitted, chosen = split_folds(own, VALIDATION_FOLDS, task.plan.seed, by_patient=False)[0]
        train += fitted
        validation += chosen
    apart = {sample.patient for sample in (*held, *validation)}
    extra = [sample for sample in task.always if sample.patient not in apart]
    return Split([*train, *extra], validation, list(held))


def _read_record(path: Path, key: str) -> FoldRecord:
    try:
        record = FoldRecord.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise FoldsInterrupted(f"{path} is no record of a fold. Say --restart, or another --out.") from error
    if record.key != key:
        raise FoldsInterrupted(
            f"{path} is of another plan or of other images. Use the same ones, say --restart, or name "
            "another --out."
        )
    logger.info("It stands in %s already.", path)
    return record


def _write_record(record: FoldRecord, path: Path) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(record.model_dump_json() + "\n", "utf-8")
    os.replace(partial, path)
