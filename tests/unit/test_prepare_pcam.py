"""PatchCamelyon's nine files, made here in small, and damaged or hostile ones."""

import gzip
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from training.__main__ import main
from training.folder import read_folder

SLIDES = {"train": ("train_tumor_001", "train_normal_002", "train_tumor_003"), "valid": ("train_tumor_090",)}
SLIDES |= {"test": ("test_001", "test_002")}
PREFIX = "camelyonpatch_level_2_split"


def write_pcam(folder: Path, *, packed: bool = False) -> Path:
    """Write four patches of each slide, two of each label."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for part, slides in SLIDES.items():
        count = 4 * len(slides)
        arrays = {
            "x": rng.integers(0, 256, (count, 96, 96, 3), dtype=np.uint8),
            "y": (np.arange(count, dtype=np.uint8) % 2).reshape(-1, 1, 1, 1),
        }
        for key, array in arrays.items():
            path = folder / f"{PREFIX}_{part}_{key}.h5"
            with h5py.File(path, "w") as file:
                file.create_dataset(key, data=array, compression="gzip")
            if packed:
                path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
                path.unlink()
        rows = [f"{row},100,200,False,False,camelyon16_{slides[row // 4]}" for row in range(count)]
        meta = ["", "coord_y", "coord_x", "tumor_patch", "center_tumor_patch", "wsi"]
        (folder / f"{PREFIX}_{part}_meta.csv").write_text("\n".join([",".join(meta), *rows]) + "\n")
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_patches_become_png_with_the_same_pixels_a_folder_to_a_slide(tmp_path, packed):
    source, out = write_pcam(tmp_path / "a"), tmp_path / "pcam"
    with h5py.File(source / f"{PREFIX}_valid_x.h5") as file:
        patches = np.array(file["x"])
    if packed:
        source = write_pcam(tmp_path / "b", packed=True)
    assert main(["prepare", "pcam", str(source), str(out)]) == 0
    split = read_folder(out, ("benign", "malignant"))
    train = [*split.train, *split.validation]
    assert {s.patient for s in train} == {f"camelyon16_{s}" for s in (*SLIDES["train"], *SLIDES["valid"])}
    assert {s.patient for s in split.test} == {f"camelyon16_{slide}" for slide in SLIDES["test"]}
    assert (len(train), len(split.test)) == (16, 8)
    for row in range(4):
        label = "malignant" if row % 2 else "benign"
        path = out / "train_dataset" / label / "camelyon16_train_tumor_090" / f"valid_{row:06d}.png"
        with Image.open(path) as image:
            assert np.array_equal(image, patches[row])
    record = json.loads((out / "DATA.json").read_text())
    assert record["licence"] == "CC0"
    assert "arXiv:1806.03962" in record["citation"]
    assert record["split_rule"].startswith("As the owner")
    assert sorted(path.name for path in tmp_path.iterdir()) == (
        ["a", "b", "pcam"] if packed else ["a", "pcam"]
    )


def truncate(folder: Path) -> None:
    path = folder / f"{PREFIX}_valid_x.h5"
    path.write_bytes(path.read_bytes()[:5000])


def flip_chunk(folder: Path) -> None:
    """Damage compressed pixels, which only shows when they are read."""
    path = folder / f"{PREFIX}_train_x.h5"
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4000] = bytes(4000)
    path.write_bytes(data)


def replace(name: str, key: str, array: np.ndarray) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        with h5py.File(folder / f"{PREFIX}_{name}.h5", "w") as file:
            file.create_dataset(key, data=array)

    return write


def link_elsewhere(folder: Path) -> None:
    """An HDF5 file may name an array in any other file of the computer."""
    (folder / f"{PREFIX}_valid_x.h5").rename(folder / "secret.h5")
    with h5py.File(folder / f"{PREFIX}_valid_x.h5", "w") as file:
        file["x"] = h5py.ExternalLink("secret.h5", "x")


def store_elsewhere(folder: Path) -> None:
    (folder / "secret").write_bytes(bytes(4 * 96 * 96 * 3))
    with h5py.File(folder / f"{PREFIX}_valid_x.h5", "w") as file:
        file.create_dataset(
            "x", (4, 96, 96, 3), "u1", external=[(str(folder / "secret"), 0, h5py.h5f.UNLIMITED)]
        )


def map_elsewhere(folder: Path) -> None:
    (folder / f"{PREFIX}_valid_x.h5").rename(folder / "secret.h5")
    layout = h5py.VirtualLayout((4, 96, 96, 3), "u1")
    layout[:] = h5py.VirtualSource("secret.h5", "x", (4, 96, 96, 3))
    with h5py.File(folder / f"{PREFIX}_valid_x.h5", "w") as file:
        file.create_virtual_dataset("x", layout)


def announce_endless(folder: Path) -> None:
    with h5py.File(folder / f"{PREFIX}_valid_x.h5", "w") as file:
        file.create_dataset("x", (10**9, 96, 96, 3), "u1", chunks=(1, 96, 96, 3))


def make_one_huge_chunk(folder: Path) -> None:
    with h5py.File(folder / f"{PREFIX}_valid_x.h5", "w") as file:
        file.create_dataset(
            "x", (4, 96, 96, 3), "u1", chunks=(100_000, 96, 96, 3), maxshape=(None, 96, 96, 3)
        )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (truncate, "is damaged"),
        (flip_chunk, "is damaged"),
        (replace("valid_x", "x", np.zeros((4, 50, 50, 3), np.uint8)), "is damaged"),
        (replace("valid_x", "x", np.zeros((4, 96, 96, 3), np.float32)), "is damaged"),
        (replace("valid_x", "pixels", np.zeros((4, 96, 96, 3), np.uint8)), "is damaged"),
        (replace("valid_x", "x", np.zeros((3, 96, 96, 3), np.uint8)), "has 3 patches, 4 labels and 4 lines"),
        (replace("valid_y", "y", np.full((4, 1, 1, 1), 2, np.uint8)), "is damaged"),
        (link_elsewhere, "is damaged"),
        (store_elsewhere, "is damaged"),
        (map_elsewhere, "is damaged"),
        (announce_endless, "is damaged"),
        (make_one_huge_chunk, "is damaged"),
        (lambda folder: (folder / f"{PREFIX}_valid_y.h5").unlink(), "holds neither"),
        (lambda folder: (folder / f"{PREFIX}_test_meta.csv").unlink(), "tells the slide"),
        (lambda folder: (folder / f"{PREFIX}_test_meta.csv").write_text("wsi\n../../etc\n"), "line 2"),
        (lambda folder: (folder / f"{PREFIX}_test_meta.csv").write_bytes(b"wsi\n\xff\n"), "is damaged"),
        (lambda folder: (folder / f"{PREFIX}_test_meta.csv").write_text("slide\na\n"), "names no slide"),
    ],
    ids=[
        "cut off",
        "pixels damaged",
        "other size",
        "other type",
        "other name",
        "patches missing",
        "third label",
        "link",
        "external storage",
        "virtual array",
        "endless",
        "huge chunk",
        "labels missing",
        "slides missing",
        "slide that is a path",
        "slides not text",
        "no slides",
    ],
)
def test_files_that_are_damaged_or_point_elsewhere_are_refused(tmp_path, capsys, change, words):
    source = write_pcam(tmp_path / "a")
    change(source)
    assert main(["prepare", "pcam", str(source), str(tmp_path / "out")]) == 1
    assert words in capsys.readouterr().err.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_packed_file_that_is_cut_off_is_refused(tmp_path, capsys):
    source = write_pcam(tmp_path / "a", packed=True)
    path = source / f"{PREFIX}_train_x.h5.gz"
    path.write_bytes(path.read_bytes()[:-4000])
    assert main(["prepare", "pcam", str(source), str(tmp_path / "out")]) == 1
    assert "is damaged" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_packed_file_that_would_fill_the_disk_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("training.prepare.pcam.LARGEST", 1_000_000)
    source = write_pcam(tmp_path / "a", packed=True)
    (source / f"{PREFIX}_train_x.h5.gz").write_bytes(gzip.compress(bytes(9_000_000)))
    assert main(["prepare", "pcam", str(source), str(tmp_path / "out")]) == 1
    assert "unpacks to more than" in capsys.readouterr().err


def test_a_slide_on_both_sides_is_refused(tmp_path, capsys):
    source = write_pcam(tmp_path / "a")
    meta = source / f"{PREFIX}_test_meta.csv"
    meta.write_text(meta.read_text().replace("test_001", "train_tumor_001"))
    assert main(["prepare", "pcam", str(source), str(tmp_path / "out")]) == 1
    assert "stand in train_dataset and in test_dataset" in capsys.readouterr().err


def test_the_command_in_the_documentation_runs(tmp_path, root, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = re.search(
        r"python -m training (prepare pcam .*)", (root / "docs" / "train.md").read_text("utf-8")
    )[1]
    options = shlex.split(line)
    write_pcam(Path(options[2]))
    assert main(options) == 0
