"""mini-MIAS: 322 mammograms `mdb001.pgm` and `Info.txt`, which says what is on them.

`Info.txt` lists films in pairs, the two breasts of one woman: mdb001 and mdb002, mdb003 and mdb004. A film
with several lesions has several lines; it is malignant if one of them is.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path, PurePosixPath

from PIL import Image as Picture
from PIL import UnidentifiedImageError

from training.data import DataProblem
from training.prepare.archive import read_members
from training.prepare.layout import Image

SIZE = (1024, 1024)
LINE = re.compile(
    r"^mdb(?P<film>\d{3})[ \t]+[FGD][ \t]+"
    r"(?:(?P<normal>NORM)\b|(?:CALC|CIRC|SPIC|MISC|ARCH|ASYM)[ \t]+(?P<severity>[BM])\b)",
    re.MULTILINE | re.ASCII,
)


def read_mini_mias(source: Path, *, include_normal: bool) -> Iterator[Image]:
    """Yield the films of `all-mias.tar.gz` as PNG, one folder to a woman, pixels unchanged.

    A normal film shows no lesion, so it is no benign one, and is left out unless `include_normal`.

    Raises:
        DataProblem: if it is not that, or films are missing.
    """
    labels = read_labels(_read_info(source), include_normal=include_normal)
    missing = set(labels)
    for path, read in read_members(source):
        film = path.stem.lower()
        if path.suffix.lower() == ".pgm" and film in labels:
            missing.discard(film)
            patient = find_woman(film)
            yield Image(labels[film], patient, PurePosixPath(patient, f"{film}.png"), to_png(path, read()))
    if missing:
        raise DataProblem(
            f"{source} lacks {len(missing)} films of its Info.txt, for example {min(missing)}.pgm. Download "
            "it again."
        )


def _read_info(source: Path) -> str:
    for path, read in read_members(source):
        if path.name.lower() == "info.txt":
            return read().decode("latin-1")
    raise DataProblem(f"{source} holds no Info.txt. Expected all-mias.tar.gz, or the folder of its files.")


def read_labels(info: str, *, include_normal: bool) -> dict[str, str]:
    """Return the class of each film in the text of `Info.txt`."""
    labels: dict[str, str] = {}
    for line in LINE.finditer(info.replace("\r", "\n")):
        film = f"mdb{line['film']}"
        if line["severity"] == "M":
            labels[film] = "malignant"
        elif line["severity"] == "B" or include_normal:
            labels.setdefault(film, "benign")
    if not labels:
        raise DataProblem("Info.txt lists no films such as 'mdb001 G CIRC B 535 425 197'.")
    return labels


def find_woman(film: str) -> str:
    """Return the pair that a film belongs to: mdb001-002 for mdb001 and for mdb002."""
    first = (int(film[3:]) - 1) // 2 * 2 + 1
    return f"mdb{first:03d}-{first + 1:03d}"


def to_png(path: PurePosixPath, data: bytes) -> bytes:
    """Return the same pixels as PNG, since the services do not read PGM."""
    try:
        with Picture.open(BytesIO(data), formats=["PPM"]) as picture:
            if picture.size != SIZE or picture.mode != "L":
                raise DataProblem(f"{path} is no grey picture of {SIZE[0]}x{SIZE[1]} pixels, as films are.")
            png = BytesIO()
            picture.save(png, "PNG")
            return png.getvalue()
    except (UnidentifiedImageError, Picture.DecompressionBombError, OSError, ValueError) as error:
        raise DataProblem(f"{path} cannot be read as a PGM picture. Download the archive again.") from error
