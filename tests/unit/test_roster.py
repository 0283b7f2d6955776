"""A CSV file tells the patients, and its mistakes are named by line."""

from pathlib import Path

import pytest

from training.data import DataProblem, Sample
from training.folder import read_folder
from training.patients import read_rule
from training.roster import read_roster

CLASSES = ("benign", "malignant")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images whose names say nothing of the patients, with equal names in both classes."""
    for split, numbers in (("train_dataset", range(6)), ("test_dataset", range(6, 8))):
        for label in CLASSES:
            for number in numbers:
                path = tmp_path / "mine" / split / label / f"scan {number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"not looked at")
    return tmp_path / "mine"


def write(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    file = tmp_path / "patients.csv"
    file.write_bytes(text.encode(encoding))
    return file


def list_all(separator: str = ",") -> str:
    lines = [f"image{separator}scanner{separator}patient"]
    for label in CLASSES:
        lines += [
            f"{label}/scan {number}.png{separator}A{separator}{label[0]}{number // 2}" for number in range(8)
        ]
    return "\n".join(lines)


def patients(samples: list[Sample]) -> set[str]:
    return {sample.patient for sample in samples}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_every_image_gets_the_patient_of_its_line(folder, tmp_path, separator, encoding):
    split = read_folder(folder, CLASSES, read_rule(None, write(tmp_path, list_all(separator), encoding)))
    assert patients(split.test) == {"b3", "m3"}
    assert patients([*split.train, *split.validation]) == {"b0", "b1", "b2", "m0", "m1", "m2"}
    assert not patients(split.train) & patients(split.validation)


def test_a_file_name_alone_is_enough_where_it_is_the_only_one(tmp_path):
    file = write(tmp_path, "patient,image\nanna,a.png\n")
    place = tmp_path / "mine" / "train_dataset" / "benign"
    assert read_roster(file).find(place / "deep" / "a.png", place) == "anna"
    assert read_roster(file).find(place / "b.png", place) is None


def test_the_longest_path_decides(tmp_path):
    file = write(
        tmp_path, "image,patient\na.png,anna\nbenign/a.png,berta\ntrain_dataset/benign/a.png,clara\n"
    )
    roster = read_roster(file)
    for place, patient in (
        ("train_dataset/benign", "clara"),
        ("test_dataset/benign", "berta"),
        ("test_dataset/malignant", "anna"),
    ):
        assert roster.find(tmp_path / place / "a.png", tmp_path / place) == patient


def test_paths_may_be_written_as_windows_writes_them(tmp_path):
    file = write(tmp_path, "image,patient\r\nbenign\\a.png,anna\r\n")
    place = tmp_path / "train_dataset" / "benign"
    assert read_roster(file).find(place / "a.png", place) == "anna"


def test_an_image_that_no_line_names_stops_the_run(folder, tmp_path):
    file = write(tmp_path, list_all().replace("malignant/scan 3.png", "malignant/scan 33.png"))
    with pytest.raises(DataProblem, match=r"does not name .*malignant/scan 3\.png"):
        read_folder(folder, CLASSES, read_rule(None, file))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: columns named image and patient"),
        ("image,who\na.png,anna\n", "line 1: columns named image and patient"),
        ("image,patient\n", "names no images"),
        ("image,patient\na.png,anna\n\nb.png,\n", "line 4: no patient"),
        ("image,patient\na.png\n", "line 2: no patient"),
        ("image,patient\n,anna\n", "line 2: no image"),
        ("image,patient\na.png,anna\na.png,berta\n", "line 3: a.png has another patient"),
        ("image,patient\na.png,?7\n", "line 2: a patient has"),
        (f"image,patient\na.png,{'x' * 201}\n", "line 2: a patient has"),
        (f"image,patient\na.png,{'x' * 140_000}\n", "line 2: field larger"),
        ('image,patient\na.png,"anna"x\n', "line 2: "),
        ('image,patient\na.png,"anna\n', "line 2: "),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path, text, words):
    with pytest.raises(DataProblem, match=words):
        read_roster(write(tmp_path, text))


def test_a_file_that_is_no_text_is_refused(tmp_path):
    with pytest.raises(DataProblem, match="UTF-8"):
        read_roster(write(tmp_path, "image,patient\nä.png,anna\n", "latin-1"))
