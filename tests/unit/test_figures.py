"""Every figure against scikit-learn, on whole and on weighted outcomes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from training.evaluation import FIGURES, Cut, compare
from training.evaluation.ranking import Draws, Ranking

CUT = Cut(0.5, 0.3, 0.7)
rows = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0]), st.integers(0, 3)),
    min_size=2,
    max_size=60,
).filter(lambda each: {label for label, _, weight in each if weight} == {0, 1})


def make_draw(labels, values, weights=None) -> Draws:
    """A weighting of outcomes, whose rows have been sorted."""
    outcomes = compare(np.array(labels), np.array(values), [str(i) for i in range(len(labels))], CUT)
    order = np.argsort(-np.array(values), kind="stable")
    counts = None if weights is None else np.array([weights], dtype=float)[:, order]
    return Draws(Ranking(outcomes), counts)


@settings(deadline=None)
@given(rows)
def test_figures_of_a_weighted_draw_are_scikit_learn_s(each):
    labels, values, weights = (np.array(column) for column in zip(*each, strict=True))
    called = values >= 0.5
    draw = make_draw(labels, values, weights)
    expected = {
        "auc": metrics.roc_auc_score(labels, values, sample_weight=weights),
        "pr_auc": metrics.average_precision_score(labels, values, sample_weight=weights),
        "accuracy": metrics.accuracy_score(labels, called, sample_weight=weights),
        "precision": metrics.precision_score(labels, called, sample_weight=weights, zero_division=0),
        "recall": metrics.recall_score(labels, called, sample_weight=weights),
        "specificity": metrics.recall_score(labels, called, sample_weight=weights, pos_label=0),
        "f1": metrics.f1_score(labels, called, sample_weight=weights),
        "brier": metrics.brier_score_loss(labels, values, sample_weight=weights),
        "indeterminate": np.average((values >= 0.3) & (values < 0.7), weights=weights),
    }
    found = {name: FIGURES[name](draw)[0] for name in expected}
    assert found == pytest.approx(expected, abs=1e-12)
    assert FIGURES["balanced_accuracy"](draw) == pytest.approx(
        (expected["recall"] + expected["specificity"]) / 2
    )


@settings(deadline=None)
@given(rows)
def test_a_row_of_weight_two_counts_like_two_rows(each):
    labels, values, weights = (np.array(column) for column in zip(*each, strict=True))
    twice = make_draw(np.repeat(labels, weights), np.repeat(values, weights))
    weighted = make_draw(labels, values, weights)
    for name, figure in FIGURES.items():
        assert figure(weighted) == pytest.approx(figure(twice), abs=1e-6, nan_ok=True), name


@settings(deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(each, random):
    mixed = list(each)
    random.shuffle(mixed)
    draws = [make_draw(*zip(*some, strict=True)) for some in (each, mixed)]
    for name, figure in FIGURES.items():
        assert figure(draws[0]) == pytest.approx(figure(draws[1]), abs=1e-6, nan_ok=True), name


def test_figures_that_need_both_classes_are_not_defined_for_one():
    draw = make_draw([1, 1, 1], [0.2, 0.6, 0.9])
    undefined = {name for name, figure in FIGURES.items() if np.isnan(figure(draw))}
    assert undefined == {
        "auc",
        "balanced_accuracy",
        "specificity",
        "calibration_slope",
        "calibration_intercept",
    }


def test_many_draws_at_once_give_what_each_gives_alone():
    rng = np.random.default_rng(0)
    labels, values = rng.integers(2, size=30), rng.random(30).round(1)
    ranking = make_draw(labels, values).ranking
    weights = rng.integers(3, size=(50, 30)).astype(float)
    for name, figure in FIGURES.items():
        alone = [figure(Draws(ranking, row[None]))[0] for row in weights]
        np.testing.assert_allclose(figure(Draws(ranking, weights)), alone, atol=1e-6, err_msg=name)


def test_nothing_called_malignant_has_a_precision_of_nought():
    assert FIGURES["precision"](make_draw([0, 1], [0.1, 0.2])) == 0
