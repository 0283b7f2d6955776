from pathlib import Path

import pytest

from training.catalogue import describe
from training.commands import export_model
from training.data import DataProblem, digest
from training.folder import read_folder
from training.golden import golden_pictures
from training.record import Record, read_record
from training.rendered import NAME as RENDERED
from training.rendered import write_data_set

RECORD = {
    "classes": ["benign", "malignant"],
    "patient_pattern": None,
    "architecture": "plantnetv2",
    "malignant": ["malignant"],
    "is_begun": False,
    "head_epochs": 0,
    "images_per_epoch": None,
    "epochs": 1,
    "warm_start_epochs": 0,
    "batch_size": 4,
    "learning_rate": 0.001,
    "seed": 0,
    "temperature": 1.0,
    "operating_point": {"threshold": 0.5, "band": {"low": 0.5, "high": 0.5}},
    "test": [],
}


def test_golden_pictures_are_rendered_and_of_several_sizes():
    shapes = {picture.shape for picture in golden_pictures()}
    assert shapes == {(224, 224, 3), (50, 50, 3), (448, 620, 3)}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A record of a training, beside where its weights would be."""
    folder = write_data_set(tmp_path / RENDERED, limit=10)
    split = read_folder(folder, ("benign", "malignant"))
    Record.model_validate(RECORD | {"data": [folder], "images": digest([split])}).write(tmp_path / "w.pth")
    return tmp_path / "w.pth"


def test_other_images_than_those_trained_with_are_not_exported_on(weights, tmp_path):
    (tmp_path / RENDERED / "train_dataset" / "benign" / "rendered_019.png").unlink(missing_ok=True)
    next((tmp_path / RENDERED / "train_dataset" / "malignant").iterdir()).unlink()
    with pytest.raises(DataProblem, match="not those that the weights were trained with"):
        export_model(weights, None, tmp_path / "m.pt", "m")


def test_weights_without_a_record_are_not_exported(tmp_path):
    with pytest.raises(DataProblem, match=r"no readable record beside it \(w\.json\)"):
        export_model(tmp_path / "w.pth", [tmp_path], tmp_path / "m.pt", "m")


def test_a_record_survives_its_file(weights):
    record = read_record(weights)
    record.write(weights)
    assert read_record(weights) == record


def test_a_folder_that_only_bears_a_known_name_is_not_said_to_be_that_data_set():
    assert describe("idc", ["10253_idx5_x1001_y1001_class0"]).licence == "CC0"
    assert describe("idc", ["10253_idx5_x1001_y1001_class0", "scan7"]).licence == "not stated"
    assert describe("mine", ["scan7"]).licence == "not stated"
