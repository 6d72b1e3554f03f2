"""Findings of replicates that test on folds: all rows together, and wide enough."""

import runpy
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from mixtura.infer.findings import findings
from mixtura.infer.hypotheses.gains import gains
from mixtura.infer.metrics import METRICS
from mixtura.infer.runs import runs_of

BENCH = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/bench_folds.py"))


@pytest.fixture(scope="module")
def predictions() -> pl.DataFrame:
    return BENCH["study"](3, 40, 5, 10)  # five folds, twice


def test_scores_are_those_of_all_rows_together(predictions: pl.DataFrame) -> None:
    table = findings(predictions, BENCH["index"](), ["accuracy", "macro_f1"])
    for arm, metric, value in table.select("arm", "metric", "value").rows():
        rows = predictions.filter(arm=arm)
        gold, predicted = rows["gold"].to_numpy(), rows["predicted"].to_numpy()
        parts = METRICS[metric].parts(gold, predicted[None])
        assert value == pytest.approx(METRICS[metric].value(parts.sum(1))[0])
    assert set(table["n"]) == {240} and set(table["replicates"]) == {10}


def test_the_variance_is_that_of_nadeau_and_bengio(predictions: pl.DataFrame) -> None:
    runs = runs_of(predictions, set())
    assert {run.overlap for run in runs.values()} == {1 / 4}  # of 5 folds 1 tests, 4 train
    row = findings(predictions, BENCH["index"](), ["accuracy"]).row(
        by_predicate=pl.col("arm") == "real", named=True
    )
    right = predictions.filter(arm="real").with_columns(
        right=(pl.col("gold") == pl.col("predicted")).cast(pl.Float64)
    )
    means = right.group_by("replicate").agg(pl.col("right").mean())["right"].to_numpy()
    half = stats.t.ppf(0.975, 9) * means.std(ddof=1) * np.sqrt(1 / 10 + 1 / 4)
    assert row["high"] - row["low"] == pytest.approx(2 * half, rel=0.06)  # t is drawn


def test_gains_of_hypotheses_have_rows_of_their_own(predictions: pl.DataFrame) -> None:
    of = gains(predictions, BENCH["index"](), "accuracy", resamples=8)
    assert of.y.shape == (10, 2, 3, 9) and of.overlap == 1 / 4
    rows = predictions.with_columns(right=pl.col("gold") == pl.col("predicted"))
    first = rows.filter(replicate=0).group_by("arm").agg(pl.col("right").mean())
    score = dict(first.iter_rows())
    assert of.y[0, 1, 0, 0] == pytest.approx(score["mixed"] - score["real"])


def test_replicates_with_unequal_rows_that_are_no_folds_are_refused() -> None:
    rows = BENCH["study"](3, 40, 5, 5)
    lacking = rows.filter((pl.col("id") != "000") | (pl.col("replicate") > 0))
    again = pl.concat([lacking, rows.filter(replicate=0).with_columns(replicate=7)])
    with pytest.raises(ValueError, match="do not hold the same test items"):
        findings(again, BENCH["index"](), ["accuracy"])


@pytest.mark.slow
def test_simulated_intervals_hold_the_truth() -> None:
    missed = [row for row in BENCH["run"](quick=True) if row["met"] != "yes"]
    assert not missed
