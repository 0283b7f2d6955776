import json
from pathlib import Path

import pytest

from training.arguments import grouping
from training.data import Sample
from training.evaluation.subgroups import MOST, find_subgroups


def make(*names: str) -> list[Sample]:
    return [Sample(Path(f"/data/mine/test_dataset/benign/{name}.png"), 0, name, "mine") for name in names]


def groups(samples, root=None, pattern=None) -> dict[tuple[str, str], list[int]]:
    return {(each.kind, each.name): each.rows.tolist() for each in find_subgroups(samples, root, pattern)}


def write_record(folder: Path, source: str) -> None:
    record = {"source": source, "licence": "CC0", "citation": "made up"}
    (folder / "DATA.json").write_text(json.dumps(record))


def test_breakhis_names_tell_subtype_and_magnification():
    samples = make("SOB_B_A-14-22549AB-40-001", "SOB_M_DC-14-2523-200-012", "SOB_B_PT-14-22704-40-001")
    assert groups(samples) == {
        ("magnification", "200X"): [1],
        ("magnification", "40X"): [0, 2],
        ("subtype", "adenosis"): [0],
        ("subtype", "ductal carcinoma"): [1],
        ("subtype", "phyllodes tumor"): [2],
    }


def test_renamed_breakhis_names_tell_the_subtype_and_the_folder_the_magnification(tmp_path):
    samples = make("benign_phyllodes_tumor_29315EF_000", "malign_ductal_carcinoma_2523_001")
    assert groups(samples, tmp_path / "breakhis-200x") == {
        ("magnification", "200X"): [0, 1],
        ("subtype", "ductal carcinoma"): [1],
        ("subtype", "phyllodes tumor"): [0],
    }


def test_the_record_beside_a_prepared_folder_tells_the_magnification(tmp_path):
    write_record(tmp_path, "BreakHis; images of 700x460 pixels; at 400X")
    assert groups(make("a"), tmp_path) == {("magnification", "400X"): [0]}


@pytest.mark.parametrize("source", ["nothing about it", "at 40X and 100X", "patches of 50x50 pixels"])
def test_a_record_that_tells_nothing_sure_is_left_alone(tmp_path, source):
    write_record(tmp_path, source)
    assert groups(make("a"), tmp_path) == {}


def test_a_record_that_is_none_is_left_alone(tmp_path):
    (tmp_path / "DATA.json").write_text("at 40X")
    assert groups(make("a"), tmp_path) == {}


def test_one_s_own_pattern_makes_subgroups():
    samples = make("scannerA_1", "scannerB_2", "unknown_3")
    assert groups(samples, None, grouping(r"scanner(?P<scanner>[AB])_")) == {
        ("scanner", "A"): [0],
        ("scanner", "B"): [1],
    }


def test_a_pattern_that_tells_every_image_from_every_other_is_no_grouping():
    samples = make(*(f"image{number}" for number in range(MOST + 1)))
    assert groups(samples, None, grouping(r"(?P<image>image\d+)")) == {}
