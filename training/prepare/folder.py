"""A folder tree or archive of one's own, with a folder for each class anywhere in it."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from training.data import SUFFIXES, DataProblem
from training.patients import PatientRule, find_patient, is_known
from training.prepare.archive import read_members
from training.prepare.layout import Image


def read_tree(source: Path, names: dict[str, str], rule: PatientRule | None) -> Iterator[Image]:
    """Yield the images below the folders that `names` maps to a class, one folder to a patient.

    `rule` is searched in each path below `source`, or names each image; without it `training.patients` reads
    file names of the known data sets, and else the folder inside the class folder.

    Raises:
        DataProblem: if there are no images, or one whose patient or class cannot be told.
    """
    found = False
    for path, read in read_members(source):
        if path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
            place = find_class(path, names)
            if place:
                found = True
                label, below = place
                patient = read_patient(path, below, rule)
                inside = below if patient in below.parts[:-1][:1] else PurePosixPath(patient, below)
                yield Image(label, patient, inside, read())
    if not found:
        listed = " or ".join(sorted(names))
        raise DataProblem(
            f"{source} holds no images below folders called {listed}. Say --benign and --malignant."
        )


def find_class(path: PurePosixPath, names: dict[str, str]) -> tuple[str, PurePosixPath] | None:
    """Return the class of an image and its path below that class's folder; None if no folder tells one."""
    places = [index for index, part in enumerate(path.parts[:-1]) if part in names]
    if len({path.parts[index] for index in places}) > 1:
        raise DataProblem(f"{path} lies in folders of two classes. Move it, or say --benign, --malignant.")
    if not places:
        return None
    return names[path.parts[places[0]]], PurePosixPath(*path.parts[places[0] + 1 :])


def read_patient(path: PurePosixPath, below: PurePosixPath, rule: PatientRule | None) -> str:
    """Return whose tissue an image shows, in a form that can name a folder."""
    place = Path(path) if rule else Path(below)
    patient = find_patient(place, Path(), rule)
    if not is_known(patient):
        raise DataProblem(
            f"No patient can be read from {path}. Put each patient's images into a folder of their own, or "
            "say --patient-pattern or --patients."
        )
    if not re.fullmatch(r"[^\s./\\:][^/\\:\0]{0,99}", patient):
        raise DataProblem(
            f"The patient of {path} cannot name a folder: {patient!r}. Change --patient-pattern or "
            "--patients."
        )
    return patient
