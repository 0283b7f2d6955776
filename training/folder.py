"""Reading `FOLDER/{train_dataset,test_dataset}/CLASS`, and knowing whose tissue each image shows."""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

from training.data import SPLITS, SUFFIXES, DataProblem, Sample, Split
from training.folds import split_by_patient
from training.patients import find_patient, is_known

logger = logging.getLogger(__name__)


def read_folder(folder: Path, classes: Sequence[str], pattern: re.Pattern[str] | None = None) -> Split:
    """Read `folder/{train_dataset,test_dataset}/CLASS/**` and carve validation out of train by patient.

    `pattern` is for file names of one's own; see `training.patients`.

    Raises:
        DataProblem: if a folder is missing or empty, or a patient stands in train and in test.
    """
    train, test = (read_part(folder, split, classes, pattern) for split in SPLITS)
    both = {sample.patient for sample in train} & {sample.patient for sample in test}
    if both:
        raise DataProblem(
            f"{folder}: {len(both)} patients stand in train_dataset and in test_dataset, for example "
            f"{min(both)}. Figures on such a test are inflated: move each patient to one side, or say "
            "with --patient-pattern how file names tell the patient."
        )
    fitted, validation = split_by_patient(train)
    for name, samples in zip(("train", "validation", "test"), (fitted, validation, test), strict=True):
        patients = len({sample.patient for sample in samples})
        logger.info("%s, %s: %d images of %d patients", folder.name, name, len(samples), patients)
    return Split(fitted, validation, test)


def read_part(
    folder: Path, split: str, classes: Sequence[str], pattern: re.Pattern[str] | None
) -> list[Sample]:
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
        samples += [Sample(path, label, find_patient(path, place, pattern), folder.name) for path in files]
    unknown = sum(not is_known(sample.patient) for sample in samples)
    if unknown:
        logger.warning(
            "%s: no patient can be read from %d of %d file names; each such image counts as a patient of its "
            "own, and figures will be too good. Put each patient's images into a folder, or say "
            "--patient-pattern.",
            folder / split,
            unknown,
            len(samples),
        )
    return samples


def _is_image(path: Path) -> bool:
    """Tell whether to read a file; hidden ones are remarks of file systems, whatever their suffix."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
