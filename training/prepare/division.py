"""Which patients are for testing: the same ones for the same patients, seed and share, on every machine."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from training.data import DataProblem

SPLIT_RULE = (
    "Whole patients. Patients with the same classes are ordered by SHA-256 of 'SEED/PATIENT'; the first of "
    "them, as many as the share says, are for testing: at least one of two, and all but two at most."
)

GIVEN_RULE = "As the owner of the set divides it; seed and share were not used."


class Rule(NamedTuple):
    """How to divide the patients."""

    seed: int
    test_share: float
    """Share of the patients that are for testing, 0 to 0.5."""


Labels = Mapping[str, frozenset[str]]
"""The classes of each patient's images."""


def choose_test_patients(labels: Labels, rule: Rule) -> set[str]:
    """Return the patients for testing; the same for the same patients and rule, on every machine.

    Raises:
        DataProblem: if a class has too few patients to stand on both sides.
    """
    strata = defaultdict(list)
    for patient, classes in labels.items():
        strata[classes].append(patient)
    chosen = set()
    for patients in strata.values():
        patients.sort(key=lambda patient: _draw(rule.seed, patient))
        least = min(1, len(patients) - 1)
        most = max(least, len(patients) - 2)
        chosen |= set(patients[: min(most, max(least, round(rule.test_share * len(patients))))])
    for name in sorted(frozenset().union(*labels.values())):
        having = {patient for patient, classes in labels.items() if name in classes}
        if not having & chosen or not having - chosen:
            raise DataProblem(
                f"{len(having)} patients have {name} images: too few for training and testing. Add patients; "
                "three of each class are the least, and figures on so few say little."
            )
    return chosen


def _draw(seed: int, patient: str) -> bytes:
    return hashlib.sha256(f"{seed}/{patient}".encode("utf-8", "surrogateescape")).digest()
