"""Breast Histopathology Images: `PATIENT/{0,1}/PATIENT_idx5_x1001_y1001_class0.png`; 1 is carcinoma."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from training.data import DataProblem
from training.prepare.archive import read_members
from training.prepare.layout import Image

LABELS = {"0": "benign", "1": "malignant"}
PLACE = re.compile(
    r"(?:^|/)(?P<patient>\d+)/(?P<folder>[01])/(?P<name>(?P<other>\d+)_idx\d+_x\d+_y\d+_class(?P<label>[01])\.png)\Z",
    re.ASCII,
)


def read_idc(source: Path) -> Iterator[Image]:
    """Yield the patches of `IDC_regular_ps50_idx5.zip` or Kaggle's archive, which holds each of them twice.

    Raises:
        DataProblem: if it is not that, or file names contradict their folders.
    """
    found = False
    for path, read in read_members(source):
        place = PLACE.search(path.as_posix())
        if place:
            found = True
            if (place["patient"], place["folder"]) != (place["other"], place["label"]):
                raise DataProblem(f"{path} does not lie in the folder that its name tells.")
            name = PurePosixPath(place["name"])
            yield Image(LABELS[place["label"]], place["patient"], name, read())
    if not found:
        raise DataProblem(
            f"{source} holds no patches of the IDC set. Expected IDC_regular_ps50_idx5.zip, or a folder of "
            "PATIENT/{0,1}/PATIENT_idx5_x1001_y1001_class0.png."
        )
