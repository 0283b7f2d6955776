"""BreakHis: `BreaKHis_v1/histology_slides/breast/CLASS/SOB/SUBTYPE/SLIDE/MAGNIFICATION/IMAGE.png`."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from training.data import DataProblem
from training.patients import find_patient
from training.prepare.archive import read_members
from training.prepare.layout import Image

MAGNIFICATIONS = ("40X", "100X", "200X", "400X")
SUBTYPES = {
    "A": "adenosis",
    "F": "fibroadenoma",
    "PT": "phyllodes_tumor",
    "TA": "tubular_adenoma",
    "DC": "ductal_carcinoma",
    "LC": "lobular_carcinoma",
    "MC": "mucinous_carcinoma",
    "PC": "papillary_carcinoma",
}
"""The eight kinds of tumour, by their code in a file's name."""
CARCINOMAS = tuple(name for name in SUBTYPES.values() if name.endswith("carcinoma"))
PLACE = re.compile(
    r"(?:^|/)(?P<label>benign|malignant)/SOB/(?P<subtype>\w+)/SOB_\w+-[\w-]+/(?P<magnification>40|100|200|400)X/"
    r"SOB_(?P<letter>[BM])_(?P<code>[A-Z]+)-\d+-\d+[A-Z]*-(?P=magnification)-\d+\.png\Z",
    re.ASCII,
)


def read_breakhis(source: Path, magnification: str, *, subtypes: bool) -> Iterator[Image]:
    """Yield the images of one magnification from `BreaKHis_v1.tar.gz` or the folder in it.

    With `subtypes` the eight kinds of tumour are the classes, else benign and malignant.

    Raises:
        DataProblem: if it is not that, or file names contradict their folders.
    """
    found = False
    for path, read in read_members(source):
        label = find_label(path, magnification, subtypes=subtypes)
        if label:
            found = True
            patient = find_patient(Path(path.name), Path(), None)
            yield Image(label, patient, PurePosixPath(path.name), read())
    if not found:
        raise DataProblem(
            f"{source} holds no images of BreakHis at {magnification}. Expected BreaKHis_v1.tar.gz, or the "
            "folder BreaKHis_v1 in it."
        )


def find_label(path: PurePosixPath, magnification: str, *, subtypes: bool) -> str | None:
    """Return the class of an image at this magnification, and None for every other file."""
    place = PLACE.search(path.as_posix())
    if not place or f"{place['magnification']}X" != magnification:
        return None
    label, subtype = place["label"], place["subtype"]
    if label[0].upper() != place["letter"] or SUBTYPES.get(place["code"]) != subtype:
        raise DataProblem(f"{path} lies among the {label} images, {subtype}, but its name says otherwise.")
    return subtype if subtypes else label
