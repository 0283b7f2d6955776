"""Class folders of any names, and which of them are malignant."""

import json
from pathlib import Path

import pytest

from training.classes import BINARY, find_classes
from training.data import DataProblem


def make(folder: Path, *names: str, test: tuple[str, ...] = ()) -> Path:
    for split, found in (("train_dataset", names), ("test_dataset", test or names)):
        for name in found:
            (folder / split / name).mkdir(parents=True)
    return folder


def test_benign_and_malignant_need_no_more_words(tmp_path):
    assert find_classes([make(tmp_path / "a", "malignant", "benign")]) == BINARY
    assert find_classes([make(tmp_path / "b", "Malignant", "Benign")]).malignant == (False, True)


def test_other_names_need_to_be_told(tmp_path):
    folder = make(tmp_path / "a", "lobular_carcinoma", "adenosis", "ductal_carcinoma", ".cache")
    with pytest.raises(DataProblem, match=r"adenosis, ductal_carcinoma, lobular_carcinoma.*--malignant NAME"):
        find_classes([folder])
    classes = find_classes([folder], ["ductal_carcinoma", "lobular_carcinoma"])
    assert classes.names == ("adenosis", "ductal_carcinoma", "lobular_carcinoma")
    assert classes.malignant == (False, True, True)


@pytest.mark.parametrize("malignant", [["sarcoma"], ["a", "sarcoma"], ["a", "b"]])
def test_words_that_do_not_fit_the_folders_are_refused(tmp_path, malignant):
    with pytest.raises(DataProblem, match="The classes are a, b"):
        find_classes([make(tmp_path / "mine", "a", "b")], malignant)


def test_the_record_beside_the_folders_tells_it_too(tmp_path):
    folder = make(tmp_path / "mine", "a", "b", "c")
    record = {"source": "made here", "licence": "CC0", "citation": "none", "malignant": ["b"], "seed": 0}
    (folder / "DATA.json").write_text(json.dumps(record))
    assert find_classes([folder]).malignant == (False, True, False)
    assert find_classes([folder], ["c"]).malignant == (False, False, True)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"source": 3}',
        b"{" + b" " * 2_000_000 + b"}",
        json.dumps({"source": "s", "licence": "x" * 300, "citation": "c", "malignant": ["b"]}).encode(),
        json.dumps({"source": "s", "licence": "l", "citation": "c", "malignant": ["b"] * 65}).encode(),
    ],
)
def test_a_record_that_is_none_is_left_aside_aloud(tmp_path, caplog, content):
    folder = make(tmp_path / "mine", "a", "b")
    (folder / "DATA.json").write_bytes(content)
    with pytest.raises(DataProblem, match="--malignant"):
        find_classes([folder])
    assert "left aside" in caplog.text


def test_folders_of_one_run_have_the_same_classes(tmp_path):
    one, other = make(tmp_path / "one", "benign", "malignant"), make(tmp_path / "other", "benign", "sarcoma")
    with pytest.raises(DataProblem, match=r"other/train_dataset has the class folders benign, sarcoma"):
        find_classes([one, other])


def test_a_class_that_stands_on_one_side_only_is_named(tmp_path):
    with pytest.raises(DataProblem, match=r"test_dataset has the class folders benign, malignant, odd"):
        find_classes([make(tmp_path / "mine", "benign", "malignant", test=("benign", "malignant", "odd"))])


@pytest.mark.parametrize("names", [(), ("benign",), tuple(f"c{n}" for n in range(65)), ("a", "b" * 201)])
def test_too_few_too_many_and_endless_names_are_refused(tmp_path, names):
    with pytest.raises(DataProblem, match="holds no images in 2 to 64 class folders"):
        find_classes([make(tmp_path / "mine", *names)], ["a"])
