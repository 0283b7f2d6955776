"""From labelled images in any order to `OUT/{train_dataset,test_dataset}/{benign,malignant}`, by patient."""

import errno
import json
import shutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tqdm import tqdm

from training.catalogue import Origin
from training.commands import CLASSES
from training.data import SPLITS, DataProblem
from training.folder import read_folder
from training.prepare.division import SPLIT_RULE, Rule, choose_test_patients

RECORD = "DATA.json"
FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Image(NamedTuple):
    """One image file that is to be written."""

    label: str
    patient: str
    place: PurePosixPath
    """Where, below the folder of its class."""
    data: bytes


def write_layout(images: Iterable[Image], out: Path, origin: Origin, rule: Rule) -> dict[str, object]:
    """Write the images in two parts with a record of what they are, whole or not at all; return the record.

    Raises:
        DataProblem: if `out` exists, the images cannot be split, or the disk is full.
    """
    if out.exists() or out.is_symlink():
        raise DataProblem(f"{out} exists and stays as it is. Name another folder, or remove it first.")
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        whole = partial / out.name
        whole.mkdir(parents=True)
        record = _describe(origin, rule) | _divide(_collect(images, partial / "pool"), whole, rule)
        read_folder(whole, CLASSES)
        (whole / RECORD).write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
        whole.rename(out)
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        raise DataProblem(f"The disk of {out} is full. Free some room, or name another place.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return record


class Written(NamedTuple):
    """An image in the pool, before it is known on which side its patient stands."""

    path: Path
    label: str
    patient: str
    place: PurePosixPath


def _collect(images: Iterable[Image], pool: Path) -> list[Written]:
    """Write every image once; archives that hold each file twice are around."""
    written = {}
    for image in tqdm(images, desc="copying", unit="image", leave=False, disable=None):
        path = pool / image.label / image.place
        if path not in written:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(image.data)
            written[path] = Written(path, image.label, image.patient, image.place)
        elif path.read_bytes() != image.data or written[path].patient != image.patient:
            raise DataProblem(f"Two different {image.label} images are called {image.place}. Rename one.")
    return list(written.values())


def _divide(written: list[Written], whole: Path, rule: Rule) -> dict[str, object]:
    """Move each image to its patient's side; return how many stand where."""
    labels = defaultdict(set)
    for image in written:
        labels[image.patient].add(image.label)
    test = choose_test_patients({patient: frozenset(names) for patient, names in labels.items()}, rule)
    patients: dict[str, dict[str, set[str]]] = {side: {name: set() for name in CLASSES} for side in SPLITS}
    images = {side: dict.fromkeys(CLASSES, 0) for side in SPLITS}
    for path, label, patient, place in written:
        side = SPLITS[patient in test]
        target = whole / side / label / place
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
        patients[side][label].add(patient)
        images[side][label] += 1
    counts = {side: {name: len(found) for name, found in sides.items()} for side, sides in patients.items()}
    return {"images": images, "patients": counts}


def _describe(origin: Origin, rule: Rule) -> dict[str, object]:
    return {
        "source": origin.origin,
        "licence": origin.licence,
        "citation": origin.citation,
        "note": origin.note,
        "seed": rule.seed,
        "test_share": rule.test_share,
        "split_rule": SPLIT_RULE,
    }
