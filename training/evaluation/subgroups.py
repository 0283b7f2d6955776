"""Which subgroups an image belongs to, as far as its file name or its folder tells."""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from training.data import Sample
from training.evaluation.outcomes import Labels
from training.provenance import read_provenance

BREAKHIS = re.compile(r"^SOB_[BM]_(?P<subtype>[A-Z]+)-\d+-\d+[A-Z]*-(?P<magnification>\d+)-\d+")
"""BreakHis: SOB_B_A-14-22549AB-40-001."""
RENAMED = re.compile(r"^(?:benign|malign)_(?P<subtype>[a-z_]+)_\d+[A-Z]*_\d+$")
"""BreakHis renamed: benign_adenosis_29960CD_000."""
SUBTYPES = {
    "A": "adenosis",
    "F": "fibroadenoma",
    "PT": "phyllodes tumor",
    "TA": "tubular adenoma",
    "DC": "ductal carcinoma",
    "LC": "lobular carcinoma",
    "MC": "mucinous carcinoma",
    "PC": "papillary carcinoma",
}
MAGNIFICATION = re.compile(r"\b(\d{1,4})X\b", re.IGNORECASE)
MOST = 40
"""Subgroups of one kind; with more of them it is no grouping but a name."""
MARKS = 200
"""Characters of a subgroup's name, at most."""


class Subgroup(NamedTuple):
    """Images that share a property."""

    kind: str
    """`magnification`, `subtype`, or a group of the user's own pattern."""
    name: str
    rows: Labels


def find_subgroups(
    samples: Sequence[Sample], root: Path | None = None, pattern: re.Pattern[str] | None = None
) -> list[Subgroup]:
    """Return the subgroups of one data set's samples, the kinds in alphabetical order.

    Args:
        samples: Of one data set.
        root: The folder it was read from, whose name or `DATA.json` may tell the magnification of all.
        pattern: Of the user's own, searched in each path; every named group in it is a kind.
    """
    everywhere = _read_magnification(root) if root else {}
    groups: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, sample in enumerate(samples):
        for kind, name in (everywhere | _read_name(sample.path.stem) | _search(sample, pattern)).items():
            groups[kind][name[:MARKS]].append(row)
    return [
        Subgroup(kind, name, np.array(rows))
        for kind, names in sorted(groups.items())
        for name, rows in sorted(names.items())
        if len(names) <= MOST
    ]


def _read_name(stem: str) -> dict[str, str]:
    if found := BREAKHIS.match(stem):
        subtype = SUBTYPES.get(found["subtype"], found["subtype"])
        return {"subtype": subtype, "magnification": f"{found['magnification']}X"}
    found = RENAMED.match(stem)
    return {"subtype": found["subtype"].replace("_", " ")} if found else {}


def _search(sample: Sample, pattern: re.Pattern[str] | None) -> dict[str, str]:
    found = pattern.search(sample.path.as_posix()) if pattern else None
    return {kind: name for kind, name in found.groupdict().items() if name} if found else {}


def _read_magnification(root: Path) -> dict[str, str]:
    """Return the magnification that is said of the whole folder, if one is."""
    stated = read_provenance(root)
    found = MAGNIFICATION.findall(f"{root.name.replace('_', '-')} {stated.source if stated else ''}")
    return {"magnification": f"{found[0]}X"} if len(set(found)) == 1 else {}
