from pathlib import Path

import pytest

from training.data import Sample
from training.rendered import NAME as RENDERED
from training.weighing import weigh_by_patients


def make(data_set: str, label: int, patients: int, images: int) -> list[Sample]:
    return [
        Sample(Path(f"{data_set}-{label}-{i}.png"), label, f"{data_set} {label} {i % patients}", data_set)
        for i in range(images)
    ]


def test_both_classes_of_a_data_set_weigh_the_same_however_many_images_they_have():
    weights = weigh_by_patients([*make("mine", 0, 3, 90), *make("mine", 1, 3, 10)])
    assert weights.mean() == pytest.approx(1)
    assert weights[:90].sum() == pytest.approx(weights[90:].sum())


def test_data_sets_weigh_as_many_times_as_their_scarcer_class_has_patients():
    large = [*make("large", 0, 30, 60), *make("large", 1, 20, 40)]
    small = [*make("small", 0, 2, 300), *make("small", 1, 9, 50)]
    weights = weigh_by_patients([*large, *small])
    assert weights[: len(large)].sum() == pytest.approx(10 * weights[len(large) :].sum())


def test_drawn_pictures_have_no_say_where_there_is_tissue():
    tissue = [*make("mine", 0, 3, 6), *make("mine", 1, 3, 6)]
    folder = Path(RENDERED) / "train_dataset" / "benign"
    drawn = [Sample(folder / f"rendered_{i}.png", i % 2, str(i), RENDERED) for i in range(40)]
    weights = weigh_by_patients([*tissue, *drawn])
    assert weights[len(tissue) :].sum() == 0
    assert weigh_by_patients(drawn).min() > 0
