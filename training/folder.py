"""Reading `FOLDER/{train_dataset,test_dataset}/CLASS`, and knowing whose tissue each image shows."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from training.data import SPLITS, SUFFIXES, DataProblem, Sample, Split
from training.folds import split_by_patient
from training.patients import PatientRule, find_patient, is_known
from training.provenance import PROVENANCE

LEAST = 2
"""Patients of a class to train on: one to fit on, one to validate on."""
ENOUGH = 10
"""Patients of a class in the test folder below which intervals are wide."""

logger = logging.getLogger(__name__)


def read_folder(folder: Path, classes: Sequence[str], rule: PatientRule | None = None) -> Split:
    """Read `folder/{train_dataset,test_dataset}/CLASS/**` and carve validation out of train by patient.

    `rule` tells the patients of images of one's own; see `training.patients`.

    Raises:
        DataProblem: if a folder is missing or empty, a patient stands in train and in test, or a class has
            too few patients.
    """
    train, test = (read_part(folder, split, classes, rule) for split in SPLITS)
    both = {sample.patient for sample in train} & {sample.patient for sample in test}
    if both:
        raise DataProblem(
            f"{folder}: {len(both)} patients stand in train_dataset and in test_dataset, for example "
            f"{min(both)}. Figures on such a test are inflated: move each patient to one side, or say "
            "with --patient-pattern or --patients whose images they are."
        )
    _check_patients(folder, classes, train, test)
    fitted, validation = split_by_patient(train)
    for name, samples in zip(("train", "validation", "test"), (fitted, validation, test), strict=True):
        patients = len({sample.patient for sample in samples})
        logger.info("%s, %s: %d images of %d patients", folder.name, name, len(samples), patients)
    return Split(fitted, validation, test)


def read_part(folder: Path, split: str, classes: Sequence[str], rule: PatientRule | None) -> list[Sample]:
    """Read `folder/split/CLASS/**`; with an empty `split` the class folders stand in `folder` itself.

    Raises:
        DataProblem: if a class has no images.
    """
    samples = []
    for label, name in enumerate(classes):
        place = folder / split / name
        files = sorted(path for path in place.rglob("*") if _is_image(path))
        if not files:
            raise DataProblem(
                f"{place} holds no images. Expected {folder / split}/{{{','.join(classes)}}} "
                f"with files that end in {', '.join(sorted(SUFFIXES))}."
            )
        samples += [Sample(path, label, find_patient(path, place, rule), folder.name) for path in files]
    _log_others(folder / split, classes, samples)
    unknown = sum(not is_known(sample.patient) for sample in samples)
    if unknown:
        logger.warning(
            "%s: no patient can be read from %d of %d file names; each such image counts as a patient of its "
            "own, and figures will be too good. Put each patient's images into a folder, or say "
            "--patient-pattern or --patients.",
            folder / split,
            unknown,
            len(samples),
        )
    return samples


def _check_patients(folder: Path, classes: Sequence[str], train: list[Sample], test: list[Sample]) -> None:
    """Refuse classes with too few patients to divide, and say aloud where intervals will be wide."""
    patients: list[dict[int, set[str]]] = [defaultdict(set), defaultdict(set)]
    for side, samples in zip(patients, (train, test), strict=True):
        for sample in samples:
            side[sample.label].add(sample.patient)
    few = [name for label, name in enumerate(classes) if len(patients[0][label]) < LEAST]
    if few:
        raise DataProblem(
            f"{folder / SPLITS[0]}: {' and '.join(few)}: images of one patient only. Each class needs "
            f"at least {LEAST}, one to fit on and one to validate on. Add patients."
        )
    for label, name in enumerate(classes):
        if len(patients[1][label]) < ENOUGH:
            logger.warning(
                "%s: %s has images of %d patients only; below %d, figures have wide intervals.",
                folder / SPLITS[1],
                name,
                len(patients[1][label]),
                ENOUGH,
            )


def _log_others(place: Path, classes: Sequence[str], samples: Sequence[Sample]) -> None:
    """Say how many files were not read, so that none is left out in silence."""
    read = {sample.path for sample in samples}
    there = chain(place.glob("*.*"), *((place / name).rglob("*") for name in classes))
    others = [path for path in there if path.is_file() and path not in read and path.name != PROVENANCE]
    if others:
        logger.warning(
            "%s: %d files are not read, for example %s: they lie in no class folder, are hidden, or do not "
            "end in %s.",
            place,
            len(others),
            min(others).relative_to(place),
            ", ".join(sorted(SUFFIXES)),
        )


def _is_image(path: Path) -> bool:
    """Tell whether to read a file; hidden ones are remarks of file systems, whatever their suffix."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
