"""Whose tissue an image shows, as far as its path tells."""

import re
from pathlib import Path

from training.data import DataProblem
from training.roster import RESERVED, Roster, read_roster

KNOWN_PATTERNS = (
    r"^(?P<patient>\d+)_idx\d+_x\d+_y\d+_class\d",  # IDC patches: 10253_idx5_x1001_y1001_class0
    r"^SOB_[BM]_[A-Z]+-\d+-(?P<patient>\d+)[A-Z]*-\d+-\d+",  # BreakHis: SOB_B_A-14-22549AB-40-001
    r"^(?:benign|malign)_\w+_(?P<patient>\d+)[A-Z]*_\d+$",  # BreakHis renamed: benign_adenosis_29960CD_000
    r"^rendered_(?P<patient>\d+)$",  # pictures drawn from the WDBC table: one row, one patient
)
"""How the public data sets write the patient into a file's name (without its suffix)."""

UNKNOWN = RESERVED
"""How the patient begins of an image that tells none; the image's own path follows."""


PatientRule = re.Pattern[str] | Roster
"""How images of one's own tell the patient."""


class PatternInvalid(ValueError):
    """The pattern for patients cannot be used; the message says why."""


def compile_pattern(text: str) -> re.Pattern[str]:
    """Compile a pattern of the user's own.

    Raises:
        PatternInvalid: if it is no regular expression or has no group `patient`.
    """
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise PatternInvalid(f"no regular expression: {error}") from error
    if "patient" not in pattern.groupindex:
        raise PatternInvalid("it needs a group named 'patient', for example (?P<patient>[0-9]+)_")
    return pattern


def read_rule(pattern: str | None, roster: Path | None) -> PatientRule | None:
    """Return the rule for images of one's own: a CSV file, a pattern, or None for that of the known sets.

    Raises:
        DataProblem: if the CSV file cannot be used.
        PatternInvalid: if the pattern cannot.
    """
    if roster is not None:
        return read_roster(roster)
    return compile_pattern(pattern) if pattern else None


def find_patient(path: Path, folder: Path, rule: PatientRule | None) -> str:
    """Return the patient of the image `path` in the class folder `folder`.

    A CSV file must name every image. A pattern is searched in the path below the class folder. Without either
    a file name of a known data set tells the patient, or else the folder inside the class folder.

    Raises:
        DataProblem: if a CSV file does not name the image.
    """
    if isinstance(rule, Roster):
        patient = rule.find(path, folder)
        if patient is None:
            raise DataProblem(f"{rule.file} does not name {path}. Add a line for each image.")
        return patient
    below = path.relative_to(folder)
    if rule is not None:
        found = rule.search(below.as_posix())
        return (found and found["patient"]) or f"{UNKNOWN}{path}"
    for known in KNOWN_PATTERNS:
        found = re.search(known, path.stem)
        if found:
            return found["patient"]
    return below.parts[0] if len(below.parts) > 1 else f"{UNKNOWN}{path}"


def is_known(patient: str) -> bool:
    """Tell whether the patient could be read from the path."""
    return not patient.startswith(UNKNOWN)
