"""Intervals over patients: what they hold, when they are wide, and when there is none."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.evaluation import FIGURES, Cut, compare, estimate
from training.evaluation.bootstrap import CELLS, DRAWS, draw_patients
from training.evaluation.extremes import bound_auc
from training.evaluation.patient import PatientsMixed, join_patients
from training.evaluation.prevalence import measure_worth

CUT = Cut(0.5, 0.4, 0.6)
BRIEF = {name: FIGURES[name] for name in ("auc", "accuracy", "recall", "specificity", "f1")}
rows = st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1), st.integers(0, 5)), min_size=2, max_size=20)


def make(labels, values, patients=None):
    names = [str(each) for each in (range(len(labels)) if patients is None else patients)]
    return compare(np.array(labels), np.array(values, dtype=float), names, CUT)


@settings(deadline=None, max_examples=20)
@given(rows)
def test_every_interval_holds_its_figure_and_stays_within_its_range(each):
    for name, found in estimate(make(*zip(*each, strict=True)), FIGURES).items():
        if not np.isnan(found.low):
            assert found.low <= found.value <= found.high, name
            assert name.startswith("calibration") or 0 <= found.low <= found.high <= 1, name


def test_every_draw_takes_whole_patients_and_as_many_as_there_are():
    outcomes = make([0, 1, 0, 1, 1], [0.1] * 5, ["a", "a", "b", "b", "c"])
    draws = np.concatenate(list(draw_patients(outcomes)))
    assert len(draws) == DRAWS
    for weights in draws:
        assert weights[0] == weights[1]
        assert weights[2] == weights[3]
        assert weights[[0, 2, 4]].sum() == 3
    assert len({tuple(weights) for weights in draws}) > 5


def test_a_draw_of_many_images_takes_no_more_memory_than_a_few_columns():
    rng = np.random.default_rng(0)
    count = 100_000
    outcomes = make(rng.integers(2, size=count), rng.random(count), rng.integers(200, size=count))
    tracemalloc.start()
    for _ in draw_patients(outcomes):
        pass
    assert tracemalloc.get_traced_memory()[1] < 4 * 8 * CELLS
    tracemalloc.stop()


def test_the_interval_of_independent_patients_is_the_binomial_one():
    rng = np.random.default_rng(1)
    labels = np.array([0, 1] * 200)
    right = rng.random(400) < 0.8
    found = estimate(make(labels, np.where(right, labels, 1 - labels)), BRIEF)["accuracy"]
    spread = 1.96 * (found.value * (1 - found.value) / 400) ** 0.5
    assert found.high - found.low == pytest.approx(2 * spread, rel=0.15)


def test_images_of_one_patient_count_as_one_when_they_are_all_alike():
    labels, values = np.array([0, 1] * 30), np.array([0.2, 0.8] * 24 + [0.8, 0.2] * 6)
    few = estimate(make(labels, values), BRIEF)["accuracy"]
    tenfold = make(np.repeat(labels, 10), np.repeat(values, 10), np.repeat(np.arange(60), 10))
    assert estimate(tenfold, BRIEF)["accuracy"] == pytest.approx(few)


@pytest.mark.parametrize(
    ("patients", "low"), [pytest.param(2, 0.158, id="two"), pytest.param(30, 0.884, id="thirty")]
)
def test_no_mistake_on_few_patients_does_not_mean_no_mistakes(patients, low):
    labels = [0, 1] * 100
    owners = [f"{label}-{row // 2 % patients}" for row, label in enumerate(labels)]
    found = estimate(make(labels, [0.1, 0.9] * 100, owners), BRIEF)
    for name in ("recall", "specificity"):
        assert found[name] == pytest.approx((1, low, 1), abs=0.001)  # 0.025 to the power of 1 / patients


def test_a_single_patient_gives_a_figure_but_no_interval():
    found = estimate(make([0, 1, 0, 1], [0.1, 0.9, 0.7, 0.8], ["a"] * 4), BRIEF)
    assert found["accuracy"].value == pytest.approx(0.75)
    assert np.isnan(found["accuracy"].low)
    assert np.isnan(found["recall"].low)


def test_classes_that_are_fully_apart_leave_doubt_that_falls_with_the_number_of_patients():
    lows = [bound_auc(1.0, count, count).low for count in (1, 5, 50, 500)]
    assert lows == sorted(lows)
    assert lows[0] < 0.5
    assert lows[-1] > 0.99
    assert bound_auc(0.0, 5, 5).high == pytest.approx(1 - lows[1])


def test_a_patient_s_probability_is_the_mean_of_the_images():
    outcomes = make([1, 1, 0], [0.9, 0.3, 0.2], ["a", "a", "b"])
    patients = join_patients(outcomes, CUT)
    assert patients.values.tolist() == pytest.approx([0.6, 0.2])
    assert patients.labels.tolist() == [1, 0]
    assert patients.called.tolist() == [True, False]
    assert patients.flagged.tolist() == [True, False]


def test_patients_with_images_of_both_classes_have_no_truth():
    with pytest.raises(PatientsMixed, match="1 of 2 patients have images of both classes"):
        join_patients(make([1, 0, 0], [0.9, 0.3, 0.2], ["a", "a", "b"]), CUT)


def test_predictive_values_follow_bayes_rule_and_not_the_share_here():
    # Of 10 malignant 8 lie above the threshold and 6 above the band; of 10 benign 1 and 0.
    malignant = [0.9] * 6 + [0.55] * 2 + [0.45, 0.1]
    benign = [0.55] + [0.45] * 2 + [0.1] * 7
    for times in (1, 5):
        labels = [1] * 10 + [0] * 10 * times
        worths = measure_worth(make(labels, malignant + benign * times), [0.01])
        values = {worth.answer.name: worth.right.value for worth in worths}
        assert values["at or above the threshold"] == pytest.approx(0.8 * 0.01 / (0.8 * 0.01 + 0.1 * 0.99))
        assert values["below the threshold"] == pytest.approx(0.9 * 0.99 / (0.9 * 0.99 + 0.2 * 0.01))
        assert values["decided malignant"] == 1
        assert values["decided benign"] == pytest.approx(0.7 * 0.99 / (0.7 * 0.99 + 0.1 * 0.01))


def test_an_answer_that_was_never_wrong_here_may_be_wrong_elsewhere():
    worths = measure_worth(make([1] * 10 + [0] * 10, [0.9] * 10 + [0.1] * 10), [0.01])
    alarm = next(worth.right for worth in worths if worth.answer.name == "decided malignant")
    assert alarm.value == 1
    false_alarms = 1 - 0.025 ** (1 / 10)
    assert alarm.low == pytest.approx(0.01 / (0.01 + false_alarms * 0.99))


def test_an_answer_that_is_never_given_has_no_value():
    worths = measure_worth(make([1, 0], [0.5, 0.45]), [0.1])
    decided = [worth.right.value for worth in worths if worth.answer.name.startswith("decided")]
    assert np.isnan(decided).all()
