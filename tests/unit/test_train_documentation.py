"""The training commands of docs/train.md, on tiny images, with a network in place of hours of fitting."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from training import commands
from training.__main__ import main
from training.data import DataProblem
from training.networks import Network
from training.record import read_record
from training.rendered import NAME_OF_FOUR, write_data_set
from training.source import Source


def fit_at_once(samples, plan, goal, device):
    """Return a network that judges by the mean colour, whatever it was given."""
    torch.manual_seed(0)
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, len(samples.classes.names)))
    return Network(nn.Identity(), head)


def add_images(folder: Path, benign: str, malignant: str, name: str) -> None:
    """Write eight images of eight patients a class, six of them to train on."""
    rng = np.random.default_rng(0)
    for label in (benign, malignant):
        for number in range(8):
            split = "test_dataset" if number > 5 else "train_dataset"
            path = folder / split / label / name.format(number + (50 if label == malignant else 0))
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)).save(path)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the folders of the documentation stand."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "fit", fit_at_once)
    monkeypatch.setattr(commands, "ROOM", 0)
    add_images(Path("mine"), "benign", "malignant", "case{}-1.png")
    add_images(Path("mine-too"), "benign", "malignant", "scan {}.png")
    add_images(Path("breakhis-subtypes"), "adenosis", "ductal_carcinoma", "SOB_B_A-14-{}AB-200-001.png")
    write_data_set(Path(NAME_OF_FOUR), limit=10, sized=True)
    lines = [f"scan {number}.png,p{number}" for number in (*range(8), *range(50, 58))]
    Path("who.csv").write_text("\n".join(["image,patient", *lines]))
    return tmp_path


def test_the_training_commands_of_the_documentation_run(place, root, capsys):
    text = (root / "docs" / "train.md").read_text("utf-8")
    lines = re.findall(r"^python -m training (train .*)$", text, re.MULTILINE)
    assert len(lines) >= 4
    for line in lines:
        assert main(shlex.split(line)) == 0
        assert "confusion matrix" in capsys.readouterr().out


def test_what_told_classes_and_patients_is_remembered_for_export(place):
    options = ["--data", "breakhis-subtypes", "--malignant", "ductal_carcinoma"]
    assert main(["train", *options]) == 0
    record = read_record(Path("breast_cancer_cnn.pth"))
    assert record.all_classes == (("adenosis", "ductal_carcinoma"), (False, True))
    assert main(["train", "--data", "mine-too", "--patients", "who.csv"]) == 0
    record = read_record(Path("breast_cancer_cnn.pth"))
    assert record.patients == place / "who.csv"
    (split,) = Source(record.data, record.patient_pattern, record.patients, record.malignant).read()
    assert {sample.patient for sample in split.test} == {"p6", "p7", "p56", "p57"}


def test_classes_of_any_names_need_a_word(place, capsys):
    assert main(["train", "--data", "breakhis-subtypes"]) == 1
    assert "--malignant NAME" in capsys.readouterr().err.splitlines()[-1]
    assert main(["train", "--data", "mine", "--data", "breakhis-subtypes"]) == 1
    assert "All folders of one run must have the same ones" in capsys.readouterr().err


def test_a_pattern_and_a_csv_file_at_once_are_refused(place):
    with pytest.raises(SystemExit):
        main(["train", "--data", "mine", "--patients", "who.csv", "--patient-pattern", "(?P<patient>x)"])


def test_two_folders_of_one_name_are_refused(place):
    with pytest.raises(DataProblem, match="one name"):
        Source([place / "mine", place / "mine"]).read()
