"""A CSV file that says whose tissue each image shows: columns `image` and `patient`, any others ignored."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from training.data import DataProblem

MAX_BYTES = 200_000_000
"""Largest file that is read; a million lines of 100 characters are half of it."""
MAX_LENGTH = 200
"""Characters of a patient at most."""
COLUMNS = ("image", "patient")
RESERVED = "?"
"""How a patient begins whom nobody knows; see `training.patients`."""


class Roster(NamedTuple):
    """The patient of each image."""

    file: Path
    patients: dict[str, str]
    """By a path's last parts: a file name alone, or with the folders above it up to the data folder."""

    def find(self, path: Path, folder: Path) -> str | None:
        """Return the patient of the image `path` in the class folder `folder`; the longest path decides."""
        parts = path.relative_to(folder.parent.parent).parts
        keys = ("/".join(parts[start:]) for start in range(len(parts)))
        return next((self.patients[key] for key in keys if key in self.patients), None)


def read_roster(file: Path) -> Roster:
    """Read the CSV file: UTF-8, separated by comma, semicolon or tab.

    Raises:
        DataProblem: naming the line that cannot be used.
        OSError: if it cannot be read at all.
    """
    if file.stat().st_size > MAX_BYTES:
        raise DataProblem(f"{file} has more than {MAX_BYTES} bytes. Name a CSV file of images and patients.")
    patients: dict[str, str] = {}
    for line, image, patient in _read_lines(file):
        key = image.replace("\\", "/").removeprefix("./")
        if patients.setdefault(key, patient) != patient:
            raise DataProblem(
                f"{file}, line {line}: {image} has another patient than in an earlier line. Give the path "
                "below the class folder, or with it, where a file name stands for several images."
            )
    if not patients:
        raise DataProblem(f"{file} names no images below its first line.")
    return Roster(file, patients)


def _read_lines(file: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line number, image and patient of each line below the first one."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            first = text.readline()
            text.seek(0)
            rows = csv.reader(text, delimiter=max(",;\t", key=first.count), strict=True)
            header = [name.strip().lower() for name in next(rows, [])]
            if not set(COLUMNS) <= set(header):
                raise DataProblem(f"{file}, line 1: columns named image and patient are needed.")
            image, patient = (header.index(name) for name in COLUMNS)
            for row in rows:
                if any(field.strip() for field in row):
                    yield rows.line_num, *_check(file, rows.line_num, row[image:][:1], row[patient:][:1])
    except UnicodeDecodeError as error:
        raise DataProblem(f"{file} is no text in UTF-8. Save it as CSV in UTF-8.") from error
    except csv.Error as error:
        raise DataProblem(f"{file}, line {rows.line_num}: {error}.") from error


def _check(file: Path, line: int, image: list[str], patient: list[str]) -> tuple[str, str]:
    """Return an image and its patient, each of which a line must have."""
    found = []
    for name, field in zip(COLUMNS, (image, patient), strict=True):
        value = field[0].strip() if field else ""
        if not value:
            raise DataProblem(f"{file}, line {line}: no {name}.")
        found.append(value)
    if len(found[1]) > MAX_LENGTH or found[1].startswith(RESERVED):
        raise DataProblem(
            f"{file}, line {line}: a patient has 1 to {MAX_LENGTH} characters and no leading ?."
        )
    return found[0], found[1]
