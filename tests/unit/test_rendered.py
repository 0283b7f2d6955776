"""The rendered data set: kept when it stands, never mixed with other images, in two classes or in four."""

import json
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from training.catalogue import find_origin
from training.classes import BINARY, find_classes
from training.data import DataProblem
from training.drawing import read_measurements
from training.rendered import NAME, NAME_OF_FOUR, write_data_set
from training.source import Source, find_folders


def test_it_states_that_no_patient_is_in_it(tmp_path):
    folder = write_data_set(tmp_path / "any", limit=5)
    image = next(folder.rglob("*.png"))
    origin = find_origin(image, [image.stem])
    assert origin.rendered
    assert origin.licence.startswith("CC BY 4.0")
    assert "no patient's image" in origin.note
    assert find_classes([folder]) == BINARY


def test_a_set_that_stands_is_kept_also_without_its_record(tmp_path):
    folder = write_data_set(tmp_path / NAME, limit=2)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.png")}
    (folder / "DATA.json").unlink()
    write_data_set(folder, limit=2)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.png")} == before


@pytest.mark.parametrize("record", [None, {"source": "Clinic", "licence": "none", "citation": "none"}])
def test_images_of_others_are_never_taken_for_rendered_ones(tmp_path, record):
    place = tmp_path / NAME / "train_dataset" / "benign"
    place.mkdir(parents=True)
    name = "scan.png" if record is None else "rendered_001.png"
    Image.new("RGB", (8, 8)).save(place / name)
    if record:
        (tmp_path / NAME / "DATA.json").write_text(json.dumps(record))
    with pytest.raises(DataProblem, match="holds other images"):
        find_folders(["sample"], tmp_path / "w.pth")
    assert (place / name).exists()


def test_four_classes_divide_benign_and_malignant_by_the_size_of_the_nuclei(tmp_path):
    folder = write_data_set(tmp_path / NAME_OF_FOUR, limit=10, sized=True)
    classes = find_classes([folder])
    assert classes.names == (
        "benign_large_nuclei",
        "benign_small_nuclei",
        "malignant_large_nuclei",
        "malignant_small_nuclei",
    )
    assert classes.malignant == (False, False, True, True)
    areas = {row: found["mean area"] for row, _, found in read_measurements()}
    largest = {name: max(areas[row] for row in rows_of(folder, name)) for name in classes.names}
    assert largest["benign_small_nuclei"] < min(areas[row] for row in rows_of(folder, "benign_large_nuclei"))
    assert Counter(path.parent.name for path in folder.rglob("*.png")) == dict.fromkeys(classes.names, 10)


def rows_of(folder: Path, name: str) -> list[int]:
    return [int(path.stem[-3:]) for path in folder.glob(f"*/{name}/*.png")]


def test_four_classes_are_read_by_training_without_further_words(tmp_path):
    folder = write_data_set(tmp_path / NAME_OF_FOUR, limit=10, sized=True)
    (split,) = Source([folder]).read()
    assert {sample.label for sample in split.train} == {0, 1, 2, 3}
    assert {sample.label for sample in split.validation} == {0, 1, 2, 3}
