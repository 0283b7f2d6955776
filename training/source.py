"""Where labelled images come from: folders, what the classes are, and whose tissue each image shows."""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from training import rendered
from training.arguments import names, pattern
from training.classes import Classes, find_classes
from training.data import DataProblem, Split, join
from training.folder import read_folder
from training.patients import is_known, read_rule

logger = logging.getLogger(__name__)

SAMPLES = {"sample": rendered.NAME, "sample-classes": rendered.NAME_OF_FOUR}
"""Where a data folder is asked for: a rendered set, drawn on the spot; the second one with four classes."""


class Source(NamedTuple):
    """Folders of labelled images, and what their names alone do not tell."""

    folders: list[Path]
    patient_pattern: str | None = None
    """For file names of one's own."""
    patients: Path | None = None
    """A CSV file with the patient of each image."""
    malignant: Sequence[str] = ()
    """The malignant ones among class folders of one's own."""

    @property
    def classes(self) -> Classes:
        """The classes that the folders' names stand for.

        Raises:
            DataProblem: if folders differ in them, or it cannot be told which are malignant.
        """
        return find_classes(self.folders, self.malignant)

    def read(self) -> list[Split]:
        """Read and split every folder.

        Raises:
            DataProblem: if one of them cannot be trained on.
        """
        titles = [folder.name for folder in self.folders]
        if len(set(titles)) < len(titles):
            raise DataProblem("Two data folders have one name, by which figures are told apart. Rename one.")
        rule = read_rule(self.patient_pattern, self.patients)
        classes = self.classes.names
        splits = [read_folder(folder, classes, rule) for folder in self.folders]
        _warn_of_shared_patients(splits)
        return splits


def _warn_of_shared_patients(splits: Sequence[Split]) -> None:
    """Say aloud when a patient tested in one folder stands in another's training images."""
    fitted, validation, test = join(splits)
    known = {s.patient: s.data_set for s in (*fitted, *validation) if is_known(s.patient)}
    shared = {s.patient for s in test if known.get(s.patient, s.data_set) != s.data_set}
    if shared:
        logger.warning(
            "%d patients, for example %s, stand in the test images of one folder and the training images of "
            "another. If they are the same people, put them into one folder; the figures are inflated.",
            len(shared),
            min(shared),
        )


def find_folders(data: Sequence[str], out: Path) -> list[Path]:
    """Return the named folders; a sample is drawn beside `out` first, unless it was before."""
    for name in SAMPLES.keys() & set(data):
        rendered.write_data_set(out.parent / SAMPLES[name], sized=SAMPLES[name] == rendered.NAME_OF_FOUR)
    return [(out.parent / SAMPLES[name] if name in SAMPLES else Path(name)).resolve() for name in data]


def add_patient_options(parser: argparse.ArgumentParser) -> None:
    """Add the two ways of telling whose tissue an image of one's own shows."""
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument(
        "--patient-pattern",
        type=pattern,
        help="regular expression with a group 'patient', searched in each path below the class folder; "
        "without it a folder inside the class folder is a patient",
    )
    ways.add_argument(
        "--patients",
        type=Path,
        metavar="FILE.csv",
        help="CSV file with the columns image (file name, or path from the class folder on) and patient",
    )


def add_class_option(parser: argparse.ArgumentParser) -> None:
    """Add which class folders are malignant."""
    parser.add_argument(
        "--malignant",
        type=names,
        default=(),
        metavar="NAME[,NAME...]",
        help="which class folders are malignant, unless they are called benign and malignant",
    )
