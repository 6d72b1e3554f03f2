"""Scores and their intervals against hand-worked values, scikit-learn and bad input."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from labelled import predictions
from mixtura.infer.influence import run_scores
from mixtura.infer.intervals import row_interval
from mixtura.infer.metrics import Metric, metric_of


def scores(gold, predicted, metric="accuracy", groups=None):
    rows = np.arange(gold.size) if groups is None else groups
    return run_scores(gold, np.atleast_2d(predicted), metric_of(metric), rows)


def test_scores_are_those_of_scikit_learn(rng, gold):
    predicted = predictions(rng, gold)
    accuracy = [accuracy_score(gold, row) for row in predicted]
    f1 = [f1_score(gold, row, average="macro") for row in predicted]
    assert scores(gold, predicted).values == pytest.approx(accuracy)
    assert scores(gold, predicted, "macro_f1").values == pytest.approx(f1)


def test_macro_f1_counts_a_label_that_gold_lacks_as_an_error():
    gold, predicted = np.array([0, 0, 1, 1]), np.array([[0, 7, 1, 1]])
    assert scores(gold, predicted, "macro_f1").values[0] == pytest.approx((2 / 3 + 1) / 2)


def test_the_influence_of_a_row_on_a_mean_is_its_deviation(rng, gold):
    predicted = predictions(rng, gold)
    right = (predicted == gold) * 1.0
    deviation = right - right.mean(axis=1, keepdims=True)
    assert scores(gold, predicted).influence == pytest.approx(deviation)


def test_the_influence_on_macro_f1_gives_the_variance_of_resamples(rng, gold):
    predicted = predictions(rng, gold, seeds=1)
    influence = scores(gold, predicted, "macro_f1").influence[0]
    draws = rng.integers(gold.size, size=(500, gold.size))
    resampled = [f1_score(gold[d], predicted[0, d], average="macro") for d in draws]
    error = np.sqrt((influence**2).sum() / gold.size / (gold.size - 1))
    assert error == pytest.approx(np.std(resampled), rel=0.12)


def test_one_run_has_the_interval_of_a_share():
    gold, predicted = np.zeros(400), np.r_[np.ones(100), np.zeros(300)]
    value, low, high = row_interval(scores(gold, predicted), metric_of("accuracy"))
    assert value == 0.75
    margin = 1.966 * np.sqrt(0.75 * 0.25 / 399)
    assert (low, high) == pytest.approx((0.75 - margin, 0.75 + margin), abs=0.002)


def test_all_correct_is_not_certain():
    run = scores(np.zeros(100), np.zeros((1, 100)))
    assert row_interval(run, metric_of("accuracy")) == pytest.approx((1, 0.97, 1))


def test_own_metric_with_partial_credit(rng):
    """A metric is any function of sums over items, here a mean of points per item."""
    points = Metric(
        lambda gold, predicted: (1 - np.abs(predicted - gold))[..., None] / gold.size,
        lambda sums: sums[..., 0],
    )
    gold = rng.random(50)
    predicted = rng.random((3, 50))
    assert scores(gold, predicted, points).values == pytest.approx(
        1 - np.abs(gold - predicted).mean(axis=1)
    )


def test_wrong_settings_are_refused(gold):
    with pytest.raises(ValueError, match="2 test rows"):
        scores(np.zeros(1), np.zeros((2, 1)))
    with pytest.raises(ValueError, match="allowed: accuracy"):
        scores(gold, gold, metric="bleu")
    with pytest.raises(ValueError, match="level"):
        row_interval(scores(gold, gold), metric_of("accuracy"), level=95)
