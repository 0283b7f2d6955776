"""Labelled image folders: reading them, knowing whose tissue an image shows, splitting by patient."""

import hashlib
import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from sklearn.model_selection import StratifiedGroupKFold
from torch import Tensor
from torch.utils.data import Dataset
from tqdm import tqdm

from artifact.image import ImageError, decode
from artifact.preprocess import make_tile
from training.patients import find_patient, is_known

logger = logging.getLogger(__name__)

SPLITS = ("train_dataset", "test_dataset")
SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
MAX_PIXELS = 100_000_000
VALIDATION_FOLDS = 5
"""One fold in five of the training patients validates."""


class DataProblem(Exception):
    """The image folders cannot be trained on; the message says what to change."""


class Sample(NamedTuple):
    """One labelled image, and whose tissue it shows."""

    path: Path
    label: int
    """Index into the class names."""
    patient: str
    data_set: str


class Split(NamedTuple):
    """Samples for fitting, for choosing, and for the one final test."""

    train: list[Sample]
    validation: list[Sample]
    test: list[Sample]


def read_folder(folder: Path, classes: Sequence[str], pattern: re.Pattern[str] | None = None) -> Split:
    """Read `folder/{train_dataset,test_dataset}/CLASS/**` and carve validation out of train by patient.

    `pattern` is for file names of one's own; see `training.patients`.

    Raises:
        DataProblem: if a folder is missing or empty, or a patient stands in train and in test.
    """
    train, test = (_read_split(folder, split, classes, pattern) for split in SPLITS)
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


def _read_split(
    folder: Path, split: str, classes: Sequence[str], pattern: re.Pattern[str] | None
) -> list[Sample]:
    samples = []
    for label, name in enumerate(classes):
        place = folder / split / name
        files = sorted(path for path in place.rglob("*") if _is_image(path))
        if not files:
            raise DataProblem(
                f"{place} holds no images. Expected {folder}/{{{','.join(SPLITS)}}}/{{{','.join(classes)}}} "
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


def join(splits: Iterable[Split]) -> Split:
    """Return the samples of several data sets as one split."""
    parts = zip(*splits, strict=True)
    return Split(*([sample for samples in part for sample in samples] for part in parts))


def split_by_patient(samples: Sequence[Sample], seed: int = 0) -> tuple[list[Sample], list[Sample]]:
    """Split into about four fifths and one fifth, no patient on both sides, classes as even as can be.

    Raises:
        DataProblem: if a class has so few patients that one side would lack it.
    """
    patients = defaultdict(set)
    for sample in samples:
        patients[sample.label].add(sample.patient)
    folds = min(VALIDATION_FOLDS, *map(len, patients.values()))
    if folds < 2:  # noqa: PLR2004 - the two sides
        raise DataProblem(
            f"{samples[0].data_set}: a class needs images of at least two patients for validation."
        )
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    labels, groups = [s.label for s in samples], [s.patient for s in samples]
    for rows in splitter.split(samples, labels, groups):
        train, validation = ([samples[i] for i in part] for part in rows)
        if all({s.label for s in part} == set(labels) for part in (train, validation)):
            return train, validation
    raise DataProblem(
        f"{samples[0].data_set}: no split by patient leaves every class on both sides. Add patients."
    )


def digest(splits: Sequence[Split]) -> str:
    """Return a digest of which images, labels and patients stand in which part; the pixels are not read."""
    parts = zip(Split._fields, join(splits), strict=True)
    rows = sorted(f"{part}/{s.data_set}/{s.label}/{s.path.name}" for part, samples in parts for s in samples)
    return hashlib.sha256("\n".join(rows).encode("utf-8", "surrogateescape")).hexdigest()


def read_pixels(path: Path) -> Tensor:
    """Decode an image file as the inference service does: uint8 (H, W, 3).

    Raises:
        DataProblem: if it cannot be read, naming it.
    """
    try:
        return torch.from_numpy(decode(path.read_bytes(), max_pixels=MAX_PIXELS).pixels)
    except (ImageError, OSError) as error:
        raise DataProblem(f"{path} cannot be read: {error}") from error


def check_images(samples: Iterable[Sample]) -> None:
    """Decode every image once, so that an unreadable one is found before hours of training, not after.

    Raises:
        DataProblem: naming up to ten that cannot be read, and how many there are.
    """
    problems = []
    for sample in tqdm(list(samples), desc="reading", unit="image", leave=False, disable=None):
        try:
            read_pixels(sample.path)
        except DataProblem as problem:
            problems.append(str(problem))
    if problems:
        listed = "\n  ".join(problems[:10])
        raise DataProblem(f"{len(problems)} images cannot be read. Remove or replace them:\n  {listed}")


class Tiles(Dataset[tuple[Tensor, int]]):
    """The samples as tiles (3, E, E) uint8 with their labels; E depends on the image's size."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = samples

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """Return the tile and the label of one sample."""
        sample = self.samples[index]
        return make_tile(read_pixels(sample.path)), sample.label


def draw_weights(samples: Sequence[Sample]) -> Tensor:
    """Weigh each sample so that classes are drawn evenly, and data sets by the square root of their size.

    Without it the largest set would decide alone, and each set's share of malignant images would be learnt
    as if it were a property of the tissue.
    """
    sets = Counter(sample.data_set for sample in samples)
    cells = Counter((sample.data_set, sample.label) for sample in samples)
    return torch.tensor([sets[s.data_set] ** 0.5 / cells[s.data_set, s.label] for s in samples])


def rows_by_data_set(samples: Iterable[Sample]) -> dict[str, list[int]]:
    """Return the positions of each data set's samples, in the order in which the sets first appear."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, sample in enumerate(samples):
        rows[sample.data_set].append(row)
    return dict(rows)
