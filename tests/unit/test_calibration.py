"""Calibration: its error beside that of a perfect model, recalibration, and the scaling that is exported."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from training.evaluation import Cut, compare, fit_scaling
from training.evaluation.calibration import (
    BINS,
    MANY,
    fill_bins,
    measure_ece,
    measure_shift,
    measure_slope,
    simulate_ece,
)
from training.evaluation.logistic import fit_line
from training.evaluation.prior import move_prior
from training.evaluation.ranking import Draws, Ranking


def rank(labels, values) -> Ranking:
    names = [str(i) for i in range(len(labels))]
    return Ranking(compare(np.asarray(labels), np.asarray(values), names, Cut(0.5, 0.5, 0.5)))


def draw_calibrated(rng, count=600, sharpness=1.0):
    """Labels drawn with just the probability p, and p made too extreme by `sharpness`."""
    logits = rng.normal(-0.5, 1.5, count)
    labels = (rng.random(count) < 1 / (1 + np.exp(-logits))).astype(int)
    return labels, 1 / (1 + np.exp(-sharpness * logits))


def test_the_error_is_the_mean_distance_over_equally_full_groups():
    rng = np.random.default_rng(1)
    labels, values = draw_calibrated(rng, 40 * BINS, sharpness=2)
    order = np.argsort(values)
    groups = np.array_split(order, BINS)
    expected = sum(abs(values[g].sum() - labels[g].sum()) for g in groups) / len(values)
    assert measure_ece(Draws(rank(labels, values))) == pytest.approx(expected)


def test_equal_probabilities_are_one_group_in_whatever_order_they_come():
    labels = [0] * 50 + [1] * 50
    assert measure_ece(Draws(rank(labels, [0.5] * 100))) == pytest.approx(0)


def test_groups_hold_every_image_once():
    rng = np.random.default_rng(2)
    labels, values = draw_calibrated(rng, 503)
    bins = fill_bins(rank(labels, values))
    assert bins.weights.sum() == 503
    assert (bins.weights * bins.observed).sum() == pytest.approx(labels.sum())
    assert len(bins.weights) == BINS


def test_a_perfectly_calibrated_model_stays_within_the_bound_nineteen_times_in_twenty():
    rng = np.random.default_rng(3)
    inside = [
        measure_ece(Draws(ranking)) <= simulate_ece(ranking, draws=200)
        for ranking in (rank(*draw_calibrated(rng)) for _ in range(200))
    ]
    assert 0.91 <= np.mean(inside) <= 0.99


def test_an_overconfident_model_is_beyond_the_bound():
    ranking = rank(*draw_calibrated(np.random.default_rng(4), 2000, sharpness=3))
    assert measure_ece(Draws(ranking)) > 1.5 * simulate_ece(ranking, draws=200)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_slope_tells_how_much_too_extreme_probabilities_are(sharpness):
    labels, values = draw_calibrated(np.random.default_rng(5), 20_000, sharpness)
    assert measure_slope(Draws(rank(labels, values)))[0] == pytest.approx(1 / sharpness, rel=0.1)


def test_slope_and_intercept_are_those_of_logistic_regression():
    labels, values = draw_calibrated(np.random.default_rng(6), 400, sharpness=2)
    logits = np.log(values / (1 - values))[:, None]
    model = LogisticRegression(C=np.inf, tol=1e-10).fit(logits, labels)
    ranking = rank(labels, values)
    malignant, benign = Draws(ranking).steps
    steps = np.log(ranking.steps / (1 - ranking.steps))
    line = fit_line(steps, malignant, benign, slope=True)[0]
    assert line == pytest.approx([model.intercept_[0], model.coef_[0, 0]], rel=1e-3)
    assert measure_slope(Draws(ranking))[0] == pytest.approx(line[1])


def test_a_slope_is_the_same_when_logits_are_rounded_because_there_are_many():
    labels, values = draw_calibrated(np.random.default_rng(11), 3 * MANY, sharpness=2)
    draws = Draws(rank(labels, values))
    steps = np.log(draws.ranking.steps / (1 - draws.ranking.steps))
    assert len(steps) > MANY
    exact = fit_line(steps, *draws.steps, slope=True)[0, 1]
    assert measure_slope(draws)[0] == pytest.approx(exact, abs=1e-4)


def test_the_intercept_tells_that_malignancy_is_commoner_than_predicted():
    labels, values = draw_calibrated(np.random.default_rng(7), 20_000)
    lowered = move_prior(values, 0.5, 0.2)
    assert measure_shift(Draws(rank(labels, lowered)))[0] == pytest.approx(np.log(4), abs=0.05)


def test_classes_that_a_cut_separates_have_no_slope():
    for labels, values in (([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]), ([0, 1, 1], [0.2, 0.2, 0.6])):
        assert np.isnan(measure_slope(Draws(rank(labels, values)))[0])
    assert np.isnan(measure_slope(Draws(rank([0, 1, 0, 1], [0.5] * 4)))[0])


@settings(deadline=None)
@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.lists(st.floats(0.01, 0.99), min_size=1))
def test_moving_a_prior_there_and_back_changes_nothing(fitted, wanted, values):
    there = move_prior(np.array(values), fitted, wanted)
    np.testing.assert_allclose(move_prior(there, wanted, fitted), values, rtol=1e-6)


def make_logits(rng, count, bias, sharpness=1.0):
    """Logits of a network that is too extreme, and that takes its classes to be as common as each other."""
    truth = rng.normal(0, 2, (count, len(bias)))
    chances = np.exp(truth + bias)
    chances /= chances.sum(axis=1, keepdims=True)
    labels = (rng.random((count, 1)) > chances.cumsum(axis=1)).sum(axis=1).clip(max=len(bias) - 1)
    return truth * sharpness, labels


@pytest.mark.parametrize("bias", [(0.6, -0.6), (0.5, 0.0, -0.5)])
def test_scaling_finds_how_extreme_and_how_one_sided_a_network_is(bias):
    logits, labels = make_logits(np.random.default_rng(8), 20_000, np.array(bias), sharpness=3)
    scaling = fit_scaling(logits, labels)
    assert scaling.temperature == pytest.approx(3, rel=0.1)
    assert scaling.bias == pytest.approx(bias, abs=0.08)
    assert scaling.prior == pytest.approx(np.bincount(labels) / len(labels))


def test_scaled_probabilities_have_the_mean_of_the_truth():
    logits, labels = make_logits(np.random.default_rng(9), 3000, np.array([0.8, -0.8]), sharpness=2)
    scaled = fit_scaling(logits, labels).apply(logits)
    assert scaled[:, 1].mean() == pytest.approx(labels.mean(), abs=0.002)
    np.testing.assert_allclose(scaled.sum(axis=1), 1)


def test_scaling_with_even_weights_holds_at_even_shares():
    logits, labels = make_logits(np.random.default_rng(10), 5000, np.array([1.0, -1.0]))
    weights = 1 / np.bincount(labels)[labels]
    scaling = fit_scaling(logits, labels, weights / weights.mean())
    assert np.average(scaling.apply(logits)[:, 1], weights=weights) == pytest.approx(0.5, abs=0.01)
    assert scaling.prior == pytest.approx((0.5, 0.5))


def test_a_network_without_a_mistake_does_not_come_out_infinitely_sure():
    logits = np.array([[2.0, -2.0]] * 20 + [[-2.0, 2.0]] * 20)
    scaling = fit_scaling(logits, np.array([0] * 20 + [1] * 20))
    sure = scaling.apply(logits)[:20, 0]
    assert np.all((sure > 0.9) & (sure < 0.99))
