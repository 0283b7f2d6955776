"""PatchCamelyon: `camelyonpatch_level_2_split_{train,valid,test}_{x,y}.h5[.gz]` and `..._meta.csv`.

`x` holds patches (N, 96, 96, 3) uint8, `y` labels (N, 1, 1, 1): 1 if the inner 32x32 pixels show tumour. The
column `wsi` of the CSV file names the slide of each patch; no slide stands in two of the three parts.
"""

import csv
import gzip
import re
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath

import h5py
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from training.data import SPLITS, DataProblem
from training.prepare.layout import Image

PARTS = {"train": SPLITS[0], "valid": SPLITS[0], "test": SPLITS[1]}
"""On which side the images of each part stand; training carves its own validation out, by slide."""
CLASSES = ("benign", "malignant")
SHAPES = {"x": (96, 96, 3), "y": (1, 1, 1)}
MOST = 1_000_000
"""Patches of a part at most; the largest has 262,144."""
AT_ONCE = 256
LARGEST = 10_000_000_000
"""Bytes of an unpacked file at most; the largest has 7.3 GB."""
LARGEST_CHUNK = 1_000_000_000
"""Bytes that HDF5 may hold at once to read a patch."""
SLIDE = re.compile(r"\w[\w.-]{0,99}", re.ASCII)


def read_pcam(source: Path, scratch: Path) -> Iterator[Image]:
    """Yield every patch as PNG, one folder to a slide.

    Args:
        source: The folder of the nine files, packed or not.
        scratch: Where packed files may be unpacked for a while.

    Raises:
        DataProblem: if files are missing, damaged or do not fit each other.
    """
    if not source.is_dir():
        raise DataProblem(f"{source} is no folder. Name the one that holds the nine files of PatchCamelyon.")
    for part, side in PARTS.items():
        name = f"camelyonpatch_level_2_split_{part}"
        slides = read_slides(source / f"{name}_meta.csv")
        for row, pixels, label in _read_part(source, name, scratch, len(slides)):
            place = PurePosixPath(slides[row], f"{part}_{row:06d}.png")
            yield Image(CLASSES[label], slides[row], place, _to_png(pixels), side)


def read_slides(file: Path) -> list[str]:
    """Return the slide of each patch.

    Raises:
        DataProblem: if the file is missing or names no slides.
    """
    try:
        with file.open(encoding="utf-8", newline="") as text:
            slides = [row.get("wsi") or "" for row in csv.DictReader(text)]
    except FileNotFoundError as error:
        raise DataProblem(f"{file} is missing. It tells the slide of each patch.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataProblem(f"{file} is damaged. Download it again.") from error
    for line, slide in enumerate(slides, start=2):
        if not SLIDE.fullmatch(slide):
            raise DataProblem(f"{file}, line {line}: the column wsi names no slide.")
    return slides


def _read_part(
    source: Path, name: str, scratch: Path, count: int
) -> Iterator[tuple[int, NDArray[np.uint8], int]]:
    """Yield number, pixels and label of each patch."""
    with _damage_told(source, name), tempfile.TemporaryDirectory(dir=scratch, prefix=".pcam-") as folder:
        files = [_unpack(source, f"{name}_{key}.h5", Path(folder)) for key in SHAPES]
        with h5py.File(files[0], "r") as first, h5py.File(files[1], "r") as second:
            patches, truth = _check(first, "x"), _check(second, "y")
            if not len(patches) == len(truth) == count:
                raise DataProblem(
                    f"{source}: {name} has {len(patches)} patches, {len(truth)} labels and {count} lines of "
                    "slides. Download its three files again."
                )
            for start in range(0, count, AT_ONCE):
                labels = truth[start : start + AT_ONCE].reshape(-1)
                if labels.max() >= len(CLASSES):
                    raise ValueError
                for row, pixels in enumerate(patches[start : start + AT_ONCE]):
                    yield start + row, pixels, int(labels[row])


def _unpack(source: Path, name: str, folder: Path) -> Path:
    if (source / name).is_file():
        return source / name
    packed, path = source / f"{name}.gz", folder / name
    if not packed.is_file():
        raise DataProblem(f"{source} holds neither {name} nor {packed.name}.")
    with gzip.open(packed) as data, path.open("wb") as file:
        while block := data.read(1 << 20):
            if file.tell() > LARGEST:
                raise DataProblem(f"{packed} unpacks to more than {LARGEST} bytes: not PatchCamelyon's.")
            file.write(block)
    return path


def _check(file: h5py.File, key: str) -> h5py.Dataset:
    """Return the array, which must stand in this very file: HDF5 can point to any other one."""
    found = file.get(key)
    inside = isinstance(file.get(key, getlink=True), h5py.HardLink) and isinstance(found, h5py.Dataset)
    if not inside or found.is_virtual or found.external:
        raise ValueError
    if found.dtype != np.uint8 or found.shape[1:] != SHAPES[key] or found.shape[0] > MOST:
        raise ValueError
    if found.chunks and np.prod(found.chunks, dtype=np.float64) > LARGEST_CHUNK:
        raise ValueError
    return found


@contextmanager
def _damage_told(source: Path, name: str) -> Iterator[None]:
    """Say of whatever goes wrong inside the files that they are damaged."""
    try:
        yield
    except (EOFError, KeyError, OSError, RuntimeError, ValueError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's problem; a damaged file bears no number
        raise DataProblem(
            f"{source}: {name}_x.h5 or {name}_y.h5 is damaged, cut off or not PatchCamelyon's. Download both "
            "again."
        ) from error


def _to_png(pixels: NDArray[np.uint8]) -> bytes:
    png = BytesIO()
    Picture.fromarray(pixels).save(png, "PNG")
    return png.getvalue()
