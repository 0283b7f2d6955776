from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.classes import BINARY, Classes
from training.data import Sample
from training.evaluation import Aim, auc_by_data_set, choose_operating_point, measure
from training.report import show
from training.scoring import Scores


def make_samples(labels, patients=None, data_set="mine"):
    patients = patients if patients is not None else range(len(labels))
    return [
        Sample(Path(str(i)), int(label), str(patient), data_set)
        for i, (label, patient) in enumerate(zip(labels, patients, strict=True))
    ]


def test_the_figures_are_those_of_the_confusion_matrix():
    labels, values = [1, 1, 1, 0, 0], np.array([0.9, 0.8, 0.2, 0.7, 0.1])
    card = measure(make_samples(labels), values, 0.5, BINARY, "test")
    assert card.confusion == {
        "benign": {"benign": 1, "malignant": 1},
        "malignant": {"benign": 1, "malignant": 2},
    }
    figures = {name: interval.value for name, interval in card.values.items()}
    assert figures["accuracy"] == pytest.approx(3 / 5)
    assert figures["precision"] == pytest.approx(2 / 3)
    assert figures["recall"] == pytest.approx(2 / 3)
    assert figures["specificity"] == pytest.approx(1 / 2)
    assert figures["f1"] == pytest.approx(2 / 3)
    assert figures["auc"] == pytest.approx(5 / 6)


def test_intervals_are_wider_where_few_patients_gave_the_images():
    rng = np.random.default_rng(0)
    patients = np.arange(400) // 40
    labels = rng.integers(2, size=400)
    difficulty = rng.normal(0, 0.4, 10)[patients]  # some patients' images are all hard
    malignant = np.clip(labels * 0.3 + 0.35 + difficulty * (1 - 2 * labels) + rng.normal(0, 0.1, 400), 0, 1)
    many = measure(make_samples(labels), malignant, 0.5, BINARY, "test").values["accuracy"]
    few = measure(make_samples(labels, patients), malignant, 0.5, BINARY, "test").values["accuracy"]
    assert many.value == few.value
    assert few.high - few.low > 1.5 * (many.high - many.low)


def test_a_report_shows_every_figure_with_its_interval():
    card = measure(make_samples([1, 0, 1, 0]), np.array([0.9, 0.2, 0.6, 0.4]), 0.5, BINARY, "test")
    text = show([card])
    for word in ("accuracy", "precision", "recall", "f1", "confusion matrix", "4 images of 4 patients"):
        assert word in text


values = st.floats(0, 1, width=32)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), values), min_size=4, max_size=80))
def test_the_band_keeps_sensitivity_below_and_specificity_above(rows):
    labels, malignant = np.array([r[0] for r in rows]), np.array([r[1] for r in rows], dtype=np.float64)
    if len(set(labels.tolist())) < 2:
        return
    point = choose_operating_point(labels, malignant)
    assert point.band.low <= point.threshold <= point.band.high
    assert np.mean(malignant[labels == 1] >= point.band.low) >= 0.95
    # A benign sample of probability 1 cannot be kept out: no edge lies above 1.
    assert np.mean(malignant[labels == 0] >= point.band.high) <= 0.10 or point.band.high == 1


def test_the_threshold_lies_between_the_probabilities_not_on_one():
    labels, malignant = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9])
    assert choose_operating_point(labels, malignant).threshold == pytest.approx(0.5)


def test_malignancy_is_what_is_looked_for_wherever_it_stands_among_the_classes():
    classes = Classes(("cancer", "fat", "normal"), (True, False, False))
    samples = make_samples([0, 0, 1, 2, 2])
    logits = np.log([[0.8, 0.1, 0.1], [0.6, 0.2, 0.2], [0.3, 0.6, 0.1], [0.1, 0.1, 0.8], [0.2, 0.1, 0.7]])
    assert auc_by_data_set(Scores(samples, logits.astype(np.float32)), classes) == {"mine": 1}
    card = measure(samples, np.exp(logits[:, 0]), 0.5, classes, "test")
    assert card.values["recall"].value == 1
    assert card.confusion["malignant"] == {"benign": 0, "malignant": 2}
    assert card.confusion["benign"] == {"benign": 3, "malignant": 0}


def test_the_band_says_what_it_was_to_keep():
    point = choose_operating_point(np.array([0, 1]), np.array([0.2, 0.9]), aim=Aim(0.99, 0.8))
    assert (point.sensitivity, point.specificity) == (0.99, 0.8)
