"""CBIS-DDSM: `CBIS-DDSM/Mass-Training_P_00001_LEFT_CC/STUDY/SERIES/1-1.dcm`, and four CSV files of cases.

Only full mammograms are read. Folders whose names end in a number (`..._LEFT_CC_1`) hold the crop and the
mask of one lesion. A mammogram is malignant if one of its lesions is, masses and
calcifications taken together.
"""

import csv
import logging
import re
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path, PurePosixPath

from PIL import Image as Picture

from artifact.image import ImageError, decode
from training.data import MAX_PIXELS, DataProblem
from training.prepare.archive import read_members
from training.prepare.layout import Image

logger = logging.getLogger(__name__)

CASES = re.compile(r"(?:mass|calc)_case_description_(?:train|test)_set\.csv", re.ASCII)
PLACE = re.compile(
    r"(?:^|/)(?:Mass|Calc)-(?:Training|Test)_(?P<view>(?P<patient>P_\d{5})_(?:LEFT|RIGHT)_(?:CC|MLO))/.+\.dcm\Z",
    re.ASCII,
)
VIEW = re.compile(r"P_\d{5}_(?:LEFT|RIGHT)_(?:CC|MLO)", re.ASCII)
PATHOLOGIES = {"BENIGN": "benign", "BENIGN_WITHOUT_CALLBACK": "benign", "MALIGNANT": "malignant"}
COLUMNS = ("patient_id", "left or right breast", "image view")


def read_cbis_ddsm(source: Path) -> Iterator[Image]:
    """Yield each full mammogram once as an 8-bit PNG, one folder to a patient.

    Raises:
        DataProblem: if there are no CSV files or mammograms, a mammogram is in no CSV file, or is damaged.
    """
    labels = read_cases(source)
    missing = set(labels)
    for path, read in read_members(source):
        place = PLACE.search(path.as_posix())
        view = place["view"] if place else None
        if place and view and view not in labels:
            raise DataProblem(
                f"{path} stands in none of the CSV files. Put all four case descriptions into {source}."
            )
        if place and view in missing:
            missing.discard(view)
            patient = place["patient"]
            yield Image(labels[view], patient, PurePosixPath(patient, f"{view}.png"), to_png(path, read()))
    if len(missing) == len(labels):
        raise DataProblem(
            f"{source} holds no full mammograms. Expected folders like Mass-Training_P_00001_LEFT_CC."
        )
    if missing:
        logger.warning("%d of %d mammograms of the CSV files are not there.", len(missing), len(labels))


def read_cases(source: Path) -> dict[str, str]:
    """Return the class of each mammogram, such as P_00001_LEFT_CC, from the CSV files.

    Raises:
        DataProblem: if there are none, or naming the line that cannot be used.
    """
    labels: dict[str, str] = {}
    for path, read in read_members(source):
        if CASES.fullmatch(path.name):
            for view, label in _read_lines(path, read()):
                labels[view] = "malignant" if "malignant" in (label, labels.get(view)) else label
    if not labels:
        raise DataProblem(
            f"{source} holds no case descriptions. Put mass_case_description_train_set.csv and the three "
            "others beside the folder CBIS-DDSM."
        )
    return labels


def _read_lines(path: PurePosixPath, data: bytes) -> Iterator[tuple[str, str]]:
    rows = csv.DictReader(StringIO(data.decode("utf-8-sig", "replace"), newline=""))
    try:
        for row in rows:
            view = "_".join((row.get(column) or "?").strip() for column in COLUMNS)
            label = PATHOLOGIES.get((row.get("pathology") or "").strip())
            if not label or not VIEW.fullmatch(view):
                raise DataProblem(
                    f"{path}, line {rows.line_num}: no patient, breast, view and pathology as in CBIS-DDSM."
                )
            yield view, label
    except csv.Error as error:
        raise DataProblem(f"{path}, line {rows.line_num}: {error}.") from error


def to_png(path: PurePosixPath, data: bytes) -> bytes:
    """Return the mammogram as a grey PNG of 8 bits, shown as the service shows it when it is sent as it is.

    Raises:
        DataProblem: if it is no grey DICOM image that can be read.
    """
    try:
        image = decode(data, max_pixels=MAX_PIXELS)
    except ImageError as error:
        raise DataProblem(
            f"{path} cannot be read as a grey DICOM image ({type(error).__name__}). Download it again."
        ) from error
    grey = image.pixels[:, :, 0]
    if image.format != "DICOM" or (image.pixels != grey[:, :, None]).any():
        raise DataProblem(f"{path} is no grey DICOM image. Download it again.")
    png = BytesIO()
    Picture.fromarray(grey).save(png, "PNG", compress_level=1)
    return png.getvalue()
