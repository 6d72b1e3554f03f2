"""Predictions of classifiers and their scores, against scikit-learn and by hand."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import log_loss

from mixtura.infer.scoring import item_scores, read_columns, run_scores
from mixtura.train.predictions import items_to_predict, of_run, predictions_of

LABELS = ["negative", "positive"]
METRICS = ["accuracy", "macro_f1", "log_loss", "calibration_error"]
ARMS = pl.DataFrame({"arm": ["a", "b"], "design": ["real-only", "mix-add"]})


def items(name: str, rows: int) -> pl.DataFrame:
    gold = [LABELS[row % 2] for row in range(rows)]
    return pl.DataFrame({"id": [f"{name}{row}" for row in range(rows)], "label": gold, "text": "x"})


def scored(sharp: float = 1.0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Predictions of two arms and seeds on two test sets, and their scores."""
    test = items_to_predict(items("own", 60), {"tweets": items("other", 30)})
    rng = np.random.default_rng(0)
    runs = []
    for arm in ("a", "b"):
        for seed in (0, 1):
            right = (test["label"] == "positive").to_numpy()
            p = 1 / (1 + np.exp(-sharp * (2 * right - 1 + rng.normal(size=len(right)))))
            predictions = predictions_of(test, np.stack([1 - p, p], 1), LABELS)
            runs.append(of_run(predictions, arm, "m", 0, seed))
    return pl.concat(runs), run_scores(item_scores(pl.concat(runs), METRICS), ARMS, METRICS)


def test_every_test_set_is_scored_apart() -> None:
    predictions, scores = scored()
    assert set(read_columns(METRICS, LABELS)) == set(predictions.columns)
    result = scores.filter(arm="b", seed=1, metric="accuracy")
    assert result.select("test", "n").rows() == [("test", 60), ("tweets", 30)]
    for test in ("test", "tweets"):
        run = predictions.filter(arm="b", seed=1, test=test).sort("id")
        row = result.filter(test=test).row(0, named=True)
        right = (run["gold"] == run["predicted"]).to_numpy()
        assert row["low"] < row["value"] == pytest.approx(right.mean()) and row["high"] <= 1


def test_log_loss_is_that_of_scikit_learn() -> None:
    predictions, scores = scored()
    run = predictions.filter(arm="a", seed=0, test="test")
    expected = log_loss(run["gold"], run.select("p_negative", "p_positive").to_numpy())
    row = scores.filter(arm="a", seed=0, test="test", metric="log_loss")
    assert row["value"][0] == pytest.approx(expected, rel=1e-5)


def test_calibration_error_is_the_gap_of_the_bins() -> None:
    predictions, scores = scored()
    run = predictions.filter(arm="a", seed=0, test="test")
    sure = run.select(pl.max_horizontal("p_negative", "p_positive")).to_series().to_numpy()
    right = (run["gold"] == run["predicted"]).to_numpy()
    at = np.digitize(sure, np.arange(0.1, 1, 0.1))
    gaps = [abs(sure[at == b].sum() - right[at == b].sum()) for b in range(10)]
    row = scores.filter(arm="a", seed=0, test="test", metric="calibration_error")
    assert row["value"][0] == pytest.approx(sum(gaps) / 60, rel=1e-5)
    always_sure = scored(sharp=1e6)[1].filter(arm="a", seed=0, test="test")
    values = dict(always_sure.select("metric", "value").iter_rows())
    assert values["calibration_error"] == pytest.approx(1 - values["accuracy"], abs=1e-5)


def test_a_probability_of_zero_costs_much_but_not_everything() -> None:
    run = pl.DataFrame({"gold": ["negative"], "predicted": ["positive"]}).with_columns(
        p_negative=0.0, p_positive=1.0
    )
    assert item_scores(run, METRICS)["log_loss"][0] == pytest.approx(-np.log(1e-6))
