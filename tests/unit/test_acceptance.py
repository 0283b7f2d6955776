"""The verdict on a model that meets local images: go, no go, or too little to judge."""

from types import SimpleNamespace

import numpy as np
import pytest

from contract import Interval, MetricCard
from training.acceptance import Limits, claim_limits, judge
from training.classes import BINARY
from training.data import DataProblem, Sample
from training.evaluation import Cut
from training.readings import Readings

LIMITS = Limits(0.75, 0.75, origin="as asked")


def make_readings(right=0.9, count=120, patients=30, benign_share=0.5, refused=0, undecided=0):
    """Readings of which a share is right in each class; a patient's images are all of one class."""
    rows = np.arange(count)
    labels = (rows >= count * benign_share).astype(int)
    owners = labels * 1000 + rows % patients
    order = np.concatenate([np.arange((labels == label).sum()) for label in (0, 1)])
    sizes = np.bincount(labels, minlength=2)[labels]
    correct = order < np.round(right * sizes)
    values = np.where(correct == (labels == 1), 0.9, 0.1)
    values[:undecided] = 0.55
    samples = [
        Sample(f"/data/mine/{row}.png", int(label), str(owner), "mine")
        for row, label, owner in zip(rows, labels, owners, strict=True)
    ]
    chances = np.stack([1 - values, values], axis=1)
    return Readings(samples, BINARY, chances, BINARY, Cut(0.5, 0.4, 0.6), unusable=rows < refused)


def test_a_model_that_keeps_every_limit_is_a_go():
    verdict = judge(make_readings(), LIMITS)
    assert verdict.verdict == "go"
    assert [each.met for each in verdict.criteria] == [True] * 4
    assert verdict.criteria[0].found.startswith("0.900 (")


@pytest.mark.parametrize(
    ("readings", "missed"),
    [
        pytest.param({"right": 0.6}, {"Sensitivity", "Specificity"}, id="wrong too often"),
        pytest.param({"refused": 30}, {"Share refused by the gate"}, id="refused too often"),
        pytest.param({"undecided": 50}, {"Share indeterminate", "Specificity"}, id="undecided too often"),
    ],
)
def test_a_missed_limit_is_a_no_go_that_names_it(readings, missed):
    verdict = judge(make_readings(**readings), LIMITS)
    assert verdict.verdict == "no-go"
    assert {each.name for each in verdict.criteria if not each.met} == missed
    assert all(name.lower() in verdict.reason for name in missed)


@pytest.mark.parametrize(
    ("readings", "words"),
    [
        pytest.param({"count": 49}, "49 images are too few: at least 50", id="images"),
        pytest.param({"benign_share": 0.9}, "12 malignant images are too few", id="images of a class"),
        pytest.param({"benign_share": 1.0}, "0 malignant images are too few", id="no image of a class"),
        pytest.param({"patients": 4}, "of 4 patients only: at least 5", id="patients"),
    ],
)
def test_too_little_is_not_judged_however_good_it_looks(readings, words):
    verdict = judge(make_readings(right=1.0, **readings), LIMITS)
    assert verdict.verdict == "not-judged"
    assert words in verdict.reason


def test_images_without_known_patients_are_judged_as_images():
    readings = make_readings(patients=4)
    unknown = [sample._replace(patient=f"?{row}") for row, sample in enumerate(readings.samples)]
    assert judge(readings._replace(samples=unknown), LIMITS).verdict == "go"


def test_who_asks_for_surety_gets_none_from_an_interval_that_reaches_across():
    readings = make_readings(right=0.8, count=60, patients=10)
    assert judge(readings, LIMITS).verdict == "go"
    assert "reaches across" in judge(readings, LIMITS).reason
    assert judge(readings, LIMITS._replace(surely=True)).verdict == "not-judged"
    assert judge(make_readings(right=0.95, count=400), LIMITS._replace(surely=True)).verdict == "go"


def test_the_suggested_threshold_suits_the_local_images():
    readings = make_readings(right=1.0)
    low = readings._replace(probabilities=np.clip(readings.probabilities * [1, 0.3], 0, 1))
    verdict = judge(low, LIMITS)
    assert verdict.verdict == "no-go"
    assert 0.03 < verdict.suggested.threshold < 0.27
    assert verdict.suggested_figures["recall"].value == 1


def make_metrics(data_set, patients, recall=(0.9, 0.8, 0.95), **values):
    intervals = {"recall": recall, "specificity": (0.8, 0.7, 0.9)} | values
    return MetricCard(
        data_set=data_set,
        split="test",
        images=100,
        patients=patients,
        interval_method="made up",
        values={name: Interval(value=v, low=low, high=high) for name, (v, low, high) in intervals.items()},
        confusion={},
    )


def make_card(metrics, rendered=()):
    """What is asked of a card: its figures, and which data sets are drawn."""
    names = [each.data_set for each in metrics]
    data = [SimpleNamespace(name=name, rendered=name in rendered) for name in names]
    return SimpleNamespace(data=data, metrics=metrics)


def test_limits_are_what_the_card_claims_for_most_patients_of_tissue():
    small, large = make_metrics("small", 8, recall=(0.99, 0.98, 1)), make_metrics("large", 40)
    drawn = make_metrics("drawn", 500, recall=(1, 1, 1))
    limits = claim_limits(make_card([small, large, drawn], rendered=["drawn"]))
    assert (limits.sensitivity, limits.specificity) == (0.8, 0.7)
    assert "large" in limits.origin


def test_a_card_that_claims_nothing_about_tissue_leaves_the_limits_to_the_user():
    with pytest.raises(DataProblem, match="--min-sensitivity"):
        claim_limits(make_card([make_metrics("drawn", 500)], rendered=["drawn"]))
