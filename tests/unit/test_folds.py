"""Folds by patient, the random ones that they are compared with, and the fold that validates."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data import DataProblem, Sample
from training.folds import split_by_patient, split_folds


def make(patients: dict[str, tuple[int, int]], data_set: str = "mine") -> list[Sample]:
    """Return samples of patients, each with a class and a number of images."""
    return [
        Sample(Path(f"{patient}_{image}"), label, patient, data_set)
        for patient, (label, images) in patients.items()
        for image in range(images)
    ]


def patients(samples: list[Sample], label: int | None = None) -> set[str]:
    return {sample.patient for sample in samples if label in (None, sample.label)}


BREAKHIS = make({f"b{n}": (0, 20 + n) for n in range(6)} | {f"m{n}": (1, 15 + n) for n in range(21)})
"""Few benign patients, many malignant ones: the shape of the training part at hand."""


def test_every_sample_is_held_out_once_and_no_patient_stands_on_both_sides():
    folds = split_folds(BREAKHIS, 5, seed=1)
    assert len(folds) == 5
    assert Counter(s for _, held in folds for s in held) == Counter(BREAKHIS)
    for rest, held in folds:
        assert not patients(rest) & patients(held)
        assert {s.label for s in held} == {s.label for s in rest} == {0, 1}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9)), min_size=18, max_size=40), st.integers(0, 9))
def test_folds_of_any_patients_hold_every_class_or_are_refused_in_words(rows, seed):
    samples = make({f"p{row}": cell for row, cell in enumerate(rows)})
    try:
        folds = split_folds(samples, 3, seed)
    except DataProblem:
        return
    labels = {sample.label for sample in samples}
    for rest, held in folds:
        assert not patients(rest) & patients(held)
        assert {s.label for s in held} == {s.label for s in rest} == labels


def test_equal_seeds_give_equal_folds_and_other_seeds_others():
    assert split_folds(BREAKHIS, 5, seed=3) == split_folds(BREAKHIS, 5, seed=3)
    assert split_folds(BREAKHIS, 5, seed=3) != split_folds(BREAKHIS, 5, seed=4)


def test_random_folds_spread_a_patient_over_both_sides():
    rest, held = split_folds(BREAKHIS, 5, seed=0, by_patient=False)[0]
    assert len(patients(rest) & patients(held)) > 20
    assert len(rest) + len(held) == len(BREAKHIS)


def test_a_patient_of_two_data_sets_is_one_patient():
    one, two = ({f"{label}{n}": (label, 4) for label in (0, 1) for n in range(6)} for _ in range(2))
    for rest, held in split_folds(make(one, "40X") + make(two, "200X"), 3, seed=0):
        assert not patients(rest) & patients(held)
        assert {s.data_set for s in held} == {"40X", "200X"}


@pytest.mark.parametrize(("count", "words"), [(1, "at least 2"), (7, "which is 6")])
def test_more_folds_than_patients_of_a_class_are_refused(count, words):
    with pytest.raises(DataProblem, match=words):
        split_folds(BREAKHIS, count, seed=0)


def test_the_validation_fold_has_two_of_six_patients_rather_than_one():
    fitted, validation = split_by_patient(BREAKHIS)
    assert len(patients(validation, 0)) == 2
    assert len(patients(fitted, 0)) == 4
    assert len(patients(validation, 1)) >= 3


def test_of_folds_with_as_many_patients_the_one_with_the_evenest_classes_validates():
    samples = make(
        {f"{label}{n}": (label, 2 + (n * 7 + label * 3) % 11) for label in (0, 1) for n in range(5)}
    )
    shifts = []
    for rest, held in [split_by_patient(samples), *split_folds(samples, 5, seed=0)]:
        shares = [sum(s.label for s in part) / len(part) for part in (rest, held)]
        shifts.append(abs(shares[0] - shares[1]))
    assert shifts[0] == min(shifts[1:])
    assert shifts[0] < max(shifts[1:])


def test_validation_never_takes_most_patients_of_a_class():
    """One patient with many images beside five with one each: the five must not all validate."""
    small = {f"b{n}": (0, 1) for n in range(5)} | {"b9": (0, 300)}
    fitted, _ = split_by_patient(make(small | {f"m{n}": (1, 10) for n in range(20)}))
    assert len(patients(fitted, 0)) >= 2


def test_one_patient_a_class_is_too_few_to_validate_on():
    with pytest.raises(DataProblem, match="at least two patients"):
        split_by_patient(make({"1": (0, 3), "2": (1, 3)}))
