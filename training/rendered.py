"""A small data set of drawn pictures, for where no images are at hand; see `training.drawing`."""

import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from training.data import DataProblem
from training.drawing import Measurements, read_measurements, render
from training.provenance import PROVENANCE, Provenance, read_provenance

NAME = "rendered-wdbc"
NAME_OF_FOUR = "rendered-wdbc-classes"
"""The same pictures in four classes: benign and malignant, of smaller and of larger nuclei."""
TEST_EVERY = 5
"""Every fifth row of each class is held out for testing."""
PICTURE = re.compile(r"rendered_\d{3}\.png")
ORIGIN = Provenance(
    source="Pictures drawn from the nuclear measurements of the Wisconsin Diagnostic Breast Cancer table",
    licence="CC BY 4.0 (the table)",
    citation="Street WN, Wolberg WH, Mangasarian OL. Proc SPIE 1905, 1993. doi 10.1117/12.148698",
    note="Rendered: no patient's image. Its figures say nothing about tissue.",
    rendered=True,
)


def write_data_set(folder: Path, limit: int | None = None, *, sized: bool = False) -> Path:
    """Draw the data set into `folder`, in the layout that training reads; return the folder.

    An existing one is kept. The folder appears only when whole.

    Args:
        folder: Where to.
        limit: How many rows of each class, all by default.
        sized: Whether there are four classes, by the size of the nuclei too.

    Raises:
        DataProblem: if something else stands there.
    """
    if (folder / "train_dataset").is_dir():
        _check_drawn(folder)
        return folder
    rows = read_measurements()
    if sized:
        rows = _tell_sizes(rows)
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    seen: Counter[str] = Counter()
    for row, label, measurements in tqdm(rows, desc="rendering", unit="image", leave=False, disable=None):
        seen[label] += 1
        if limit is not None and seen[label] > limit:
            continue
        split = "test_dataset" if seen[label] % TEST_EVERY == 0 else "train_dataset"
        target = partial / split / label / f"rendered_{row:03d}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(render(measurements, seed=row)).save(target)
    stated = ORIGIN.model_copy(
        update={"malignant": tuple(n for n in sorted(seen) if n.startswith("malignant"))}
    )
    (partial / PROVENANCE).write_text(stated.model_dump_json(indent=2) + "\n", "utf-8")
    partial.rename(folder)
    return folder


def _check_drawn(folder: Path) -> None:
    """Refuse a folder that holds anything but what is drawn here."""
    stated = read_provenance(folder)
    drawn = all(PICTURE.fullmatch(path.name) for path in folder.glob("*_dataset/**/*") if path.is_file())
    if not drawn or (stated and not stated.rendered):
        raise DataProblem(
            f"{folder} holds other images than are drawn there. Move it away, or name it as data."
        )


def _tell_sizes(rows: list[tuple[int, str, Measurements]]) -> list[tuple[int, str, Measurements]]:
    """Divide each class at its median nuclear area."""
    areas = {
        name: float(np.median([found["mean area"] for _, label, found in rows if label == name]))
        for name in ("benign", "malignant")
    }
    return [
        (row, f"{label}_{'small' if found['mean area'] < areas[label] else 'large'}_nuclei", found)
        for row, label, found in rows
    ]
