"""Labelled images to evaluate on: one part of a training folder, or plain class folders."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from training.classes import BINARY, Classes
from training.data import SPLITS, DataProblem, Sample
from training.folder import read_folder, read_part
from training.patients import PatientRule

Part = Literal["train", "validation", "test", "all"]


class Labelled(NamedTuple):
    """The images of one folder, and the classes that their labels count."""

    folder: Path
    samples: list[Sample]
    classes: Classes


def read_labelled(
    folders: Sequence[Path], part: Part, classes: Classes, rule: PatientRule | None = None
) -> list[Labelled]:
    """Read that part of each folder.

    A folder without `train_dataset` and `test_dataset` holds the class folders itself, and is read whole. The
    classes are the model's; where their folders are not there, `benign` and `malignant` stand for what they
    have in common.

    Raises:
        DataProblem: if there is nothing to read, two folders have one name, or folders have other classes.
    """
    names = [folder.name for folder in folders]
    if len(set(names)) < len(names):
        raise DataProblem("Two data folders have one name, by which figures are told apart. Rename one.")
    read = [_read(folder, part, classes, rule) for folder in folders]
    if len({each.classes for each in read}) > 1:
        raise DataProblem(
            "One folder has the model's classes, another benign and malignant. Evaluate each alone."
        )
    return read


def _read(folder: Path, part: Part, classes: Classes, rule: PatientRule | None) -> Labelled:
    if not folder.is_dir():
        raise DataProblem(f"There is no folder {folder}.")
    splits = [split for split in SPLITS if (folder / split).is_dir()]
    if not splits:
        truth = _choose(folder, "", classes)
        return Labelled(folder, read_part(folder, "", truth.names, rule), truth)
    truth = _choose(folder, splits[-1], classes)
    if part == "validation":
        return Labelled(folder, read_folder(folder, truth.names, rule).validation, truth)
    wanted = {"train": SPLITS[:1], "test": SPLITS[1:], "all": tuple(splits)}[part]
    samples = [s for split in wanted for s in read_part(folder, split, truth.names, rule)]
    return Labelled(folder, samples, truth)


def _choose(folder: Path, split: str, classes: Classes) -> Classes:
    """Return the classes that the folders are called by."""
    own = all((folder / split / name).is_dir() for name in classes.names)
    return classes if own else BINARY
