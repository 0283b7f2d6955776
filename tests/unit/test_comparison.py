from pathlib import Path

import numpy as np
import pytest

from contract import Band, OperatingPoint, Variant
from training.classes import BINARY, Classes
from training.comparison import Judgement, Verdict, calibrate, compare, list_verdicts, passes, tabulate
from training.data import Sample
from training.scoring import Scores

POINT = OperatingPoint(threshold=0.5, band=Band(low=0.4, high=0.6))


def make_judgement(count: int) -> tuple[Judgement, np.ndarray]:
    """Probabilities evenly from 0 to 1, none on an edge of the band, and labels that mostly follow them."""
    malignancy = (np.arange(count) + 0.5) / count
    labels = (np.random.default_rng(0).random(count) < malignancy).astype(np.int64)
    return Judgement(malignancy, POINT), labels


def move(judgement: Judgement, rows: list[int], to: float) -> Judgement:
    malignancy = judgement.malignancy.copy()
    malignancy[rows] = to
    return Judgement(malignancy, judgement.point)


def only(full, other, labels):
    return compare(full, other, labels, {"mine": range(len(labels))})["mine"]


def test_decisions_are_benign_below_the_band_and_malignant_from_its_upper_edge():
    judgement = Judgement(np.array([0.39, 0.4, 0.59, 0.6]), POINT)
    assert judgement.decisions.tolist() == [-1, 0, 0, 1]


def test_the_same_answers_pass_with_full_agreement():
    full, labels = make_judgement(1000)
    verdict = only(full, full, labels)
    assert verdict.passes
    assert verdict.agreement == 1
    assert verdict.decided == 800
    assert verdict.full_auc == verdict.auc


def test_each_side_is_decided_at_its_own_operating_point():
    full, labels = make_judgement(1000)
    squeezed = Judgement(full.malignancy / 2, OperatingPoint(threshold=0.25, band=Band(low=0.2, high=0.3)))
    assert only(full, squeezed, labels).changed == 0


@pytest.mark.parametrize(("changed", "passed"), [(8, True), (9, False)])
def test_one_in_a_hundred_decided_images_may_be_decided_otherwise(changed, passed):
    full, labels = make_judgement(1000)
    verdict = only(full, move(full, list(range(390, 390 + changed)), 0.401), labels)
    assert verdict.changed == changed
    assert verdict.passes is passed


@pytest.mark.parametrize("to", [0.5, 0.9], ids=["left open", "turned round"])
def test_an_image_that_is_left_open_is_changed_as_one_that_is_turned_round(to):
    full, labels = make_judgement(100)
    assert only(full, move(full, [3], to), labels).changed == 1


def test_an_image_that_the_full_network_leaves_open_may_be_decided():
    full, labels = make_judgement(100)
    assert only(full, move(full, [50, 51], 0.61), labels).changed == 0


@pytest.mark.parametrize(("changed", "passed"), [([0], True), ([0, 1], False)])
def test_of_a_small_set_one_image_may_change(changed, passed):
    judgement, labels = Judgement(np.linspace(0, 1, 20), POINT), np.zeros(20, dtype=np.int64)
    verdict = only(judgement, move(judgement, changed, 0.5), labels)
    assert verdict.agreement == pytest.approx(1 - len(changed) / 16)
    assert verdict.passes is passed


def test_of_a_small_set_one_pair_may_change_places():
    labels = np.array([0, 0, 0, 1, 1, 1])
    full = Judgement(np.array([0.1, 0.2, 0.45, 0.55, 0.8, 0.9]), POINT)
    swapped = Judgement(np.array([0.1, 0.2, 0.55, 0.45, 0.8, 0.9]), POINT)
    verdict = only(full, swapped, labels)
    assert verdict.auc == pytest.approx(8 / 9)
    assert verdict.passes
    assert not only(full, Judgement(np.array([0.1, 0.2, 0.59, 0.41, 0.42, 0.9]), POINT), labels).passes


def test_a_lower_auc_fails_although_no_decision_changes():
    full, labels = make_judgement(1000)
    order = np.r_[np.arange(400)[::-1], np.arange(400, 1000)]
    verdict = only(full, Judgement(full.malignancy[order], POINT), labels)
    assert verdict.changed == 0
    assert verdict.auc < verdict.full_auc - 0.005
    assert not verdict.passes


def test_one_data_set_that_fails_fails_the_file_and_is_named():
    full, labels = make_judgement(1000)
    groups = {"good": list(range(0, 1000, 2)), "bad": list(range(1, 1000, 2))}
    verdicts = compare(full, move(full, list(range(1, 99, 2)), 0.9), labels, groups)
    assert not passes(verdicts)
    good, bad = list_verdicts(verdicts).splitlines()
    assert "good" in good
    assert "too great a loss" not in good
    assert "too great a loss" in bad


def make_scores(margin: float, classes: int = 2) -> Scores:
    """Logits for 300 images, the farther apart the larger the margin."""
    rng = np.random.default_rng(0)
    labels = np.arange(300) % classes
    samples = [Sample(Path(str(i)), int(label), str(i), "mine") for i, label in enumerate(labels)]
    logits = rng.normal(0, 1, (300, classes)) + margin * np.eye(classes)[labels]
    return Scores(samples, logits.astype(np.float32))


def test_outputs_that_are_only_scaled_and_shifted_are_judged_alike():
    scores = make_scores(2)
    _, plain = calibrate(scores, BINARY)
    scaling, other = calibrate(Scores(scores.samples, scores.outputs * 3 + np.float32([0, 2])), BINARY)
    np.testing.assert_allclose(plain.malignancy, other.malignancy, atol=1e-3)
    assert scaling.bias[1] < 0
    assert np.array_equal(plain.decisions, other.decisions)


def test_several_classes_are_judged_by_the_sum_of_the_malignant_ones():
    classes = Classes(("adenosis", "ductal", "fibroadenoma", "lobular"), (False, True, False, True))
    scores = make_scores(3, classes=4)
    scaling, judgement = calibrate(scores, classes)
    expected = scaling.apply(scores.outputs)[:, [1, 3]].sum(1)
    np.testing.assert_allclose(judgement.malignancy, expected)
    right = (judgement.malignancy >= judgement.point.threshold) == classes.is_malignant(scores.labels)
    assert right.mean() > 0.9


def test_the_table_shows_each_variant_with_its_size_times_and_figures():
    full, small = (
        Variant(
            name=name,
            size=size,
            milliseconds={"1": time, "8": time / 2},
            auc={"mine": 0.9},
            agreement={"mine": agreement},
        )
        for name, size, time, agreement in (("full", 419_000_000, 40.0, 1.0), ("int8", 9_700_000, 5.0, 0.995))
    )
    head, first, second = tabulate([full, small]).splitlines()
    assert "mine" in head
    assert first.split()[:4] == ["full", "419.0", "40.0", "20.0"]
    assert second.split() == ["int8", "9.7", "5.0", "2.5", "AUC", "0.9000,", "alike", "99.5%"]


def test_decisions_about_drawn_pictures_beside_tissue_are_told_and_stand_in_nothing_s_way():
    verdict = Verdict(full_auc=0.9, auc=0.9, pairs=100, decided=64, changed=2)
    assert not verdict.passes
    assert verdict._replace(is_drawn=True).passes
    assert not verdict._replace(is_drawn=True, auc=0.8).passes
