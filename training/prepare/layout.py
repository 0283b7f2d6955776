"""From labelled images in any order to `OUT/{train_dataset,test_dataset}/CLASS`, by patient."""

import errno
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tqdm import tqdm

from training.catalogue import Origin
from training.classes import find_classes
from training.data import SPLITS, DataProblem
from training.folder import read_folder
from training.prepare.division import GIVEN_RULE, SPLIT_RULE, Rule, choose_test_patients
from training.provenance import PROVENANCE

FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Image(NamedTuple):
    """One image file that is to be written."""

    label: str
    patient: str
    place: PurePosixPath
    """Where, below the folder of its class."""
    data: bytes
    side: str | None = None
    """`train_dataset` or `test_dataset` if the owner of the set says so."""


def write_layout(
    images: Iterable[Image], out: Path, origin: Origin, rule: Rule, malignant: Sequence[str]
) -> dict[str, object]:
    """Write the images in two parts with a record of what they are, whole or not at all; return the record.

    Args:
        images: In any order; all of them say on which side they stand, or none does.
        out: The folder to write.
        origin: Whose images they are.
        rule: How to divide those that do not say it.
        malignant: Which classes are malignant, as far as there are images of them.

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
        written = _collect(images, partial / "pool")
        marked = sorted({image.label for image in written} & set(malignant))
        record = _describe(origin, rule, marked) | _divide(written, whole, rule)
        classes = find_classes([whole], marked)
        read_folder(whole, classes.names)
        (whole / PROVENANCE).write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
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
    side: str | None


def _collect(images: Iterable[Image], pool: Path) -> list[Written]:
    """Write every image once; archives that hold each file twice are around."""
    written = {}
    for image in tqdm(images, desc="copying", unit="image", leave=False, disable=None):
        path = pool / image.label / image.place
        if path not in written:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(image.data)
            written[path] = Written(path, image.label, image.patient, image.place, image.side)
        elif path.read_bytes() != image.data or written[path].patient != image.patient:
            raise DataProblem(f"Two different {image.label} images are called {image.place}. Rename one.")
    return list(written.values())


def _divide(written: list[Written], whole: Path, rule: Rule) -> dict[str, object]:
    """Move each image to its patient's side; return how many stand where, and by which rule."""
    labels = defaultdict(set)
    for image in written:
        labels[image.patient].add(image.label)
    given = all(image.side for image in written)
    test = set() if given else choose_test_patients({p: frozenset(n) for p, n in labels.items()}, rule)
    patients: dict[str, dict[str, set[str]]] = {side: defaultdict(set) for side in SPLITS}
    images: dict[str, Counter[str]] = {side: Counter() for side in SPLITS}
    for path, label, patient, place, stated in written:
        side = stated or SPLITS[patient in test]
        target = whole / side / label / place
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
        patients[side][label].add(patient)
        images[side][label] += 1
    return {
        "split_rule": GIVEN_RULE if given else SPLIT_RULE,
        "images": {side: dict(sorted(found.items())) for side, found in images.items()},
        "patients": {s: {name: len(p) for name, p in sorted(found.items())} for s, found in patients.items()},
    }


def _describe(origin: Origin, rule: Rule, malignant: Sequence[str]) -> dict[str, object]:
    return {
        "source": origin.origin,
        "licence": origin.licence,
        "citation": origin.citation,
        "note": origin.note,
        "malignant": list(malignant),
        "seed": rule.seed,
        "test_share": rule.test_share,
    }
