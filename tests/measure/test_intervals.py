"""Intervals hold what they promise and stay in the range of their measure."""

import math

import numpy as np
import polars as pl
import pytest

from mixtura.measure import intervals
from mixtura.measure.diversity_panel import DIVERSITY, diversity_panel
from mixtura.measure.shift_panel import SHIFT, shift_panel
from panel_sets import TEXTS, X, value


@pytest.mark.parametrize("subset", [40, 2_500])
@pytest.mark.parametrize("measure", ["mean_pairwise_distance", "vendi_score", "length_entropy"])
def test_intervals_hold_what_they_promise(measure, subset):
    """The interval's half width is t times the spread over fresh samples of the same size."""
    n, values, halves = 200, [], []
    for seed in range(60):
        random = np.random.default_rng(seed)
        sample = {"embeddings": random.normal(size=(n, 6)) + 0.5}
        sample["texts"] = [["a", "a b", "a b c"][i] for i in random.choice(3, n, p=[0.6, 0.3, 0.1])]
        options = {"vendi_score": {"q": 1.0}} if measure == "vendi_score" else {}
        row = diversity_panel(
            **sample, measures=[measure], repeats=10, seed=seed, subset=subset, options=options
        ).row(0, named=True)
        values.append(row["value"])
        halves.append((row["high"] - row["low"]) / 2)
    expected = 2.262 * np.std(values, ddof=1)
    assert np.sqrt(np.mean(np.square(halves))) == pytest.approx(expected, rel=0.3)


def test_intervals_stay_in_the_range_of_their_measure():
    random = np.random.default_rng(1)
    real, far = random.normal(size=(2, 40, 4))
    frame = shift_panel(
        TEXTS[:40], real, [f"{i} z" for i in range(40)], far + 30, TEXTS[:40], real[::-1],
        normalise=False, measures=["c2st", "prdc", "ngram_jensen_shannon", "mmd"],
        options={"c2st": {"folds": 2}}, repeats=6,
    )  # fmt: skip
    assert value(frame, "c2st")["value"] > 0.99
    for row in frame.iter_rows(named=True):
        least, most = intervals.RANGES.get(row["measure"], (0, math.inf))
        for low, high in (("low", "high"), ("floor_low", "floor_high")):
            assert least <= row[low] <= row[high] <= most, row
    assert value(frame, "mmd")["floor_low"] < 0  # unbiased: its range goes below 0
    frame = diversity_panel(["a b", "c d"] * 3 + TEXTS[:6], X[:12], repeats=6)
    for row in frame.filter(pl.col("low").is_not_null()).iter_rows(named=True):
        least, most = intervals.RANGES.get(row["measure"], (0, math.inf))
        assert least <= row["low"] <= row["value"] <= row["high"] <= most, row


def test_ranges_name_measures():
    names = {*DIVERSITY, *SHIFT, "precision", "recall", "coverage"} - {"prdc"}
    assert intervals.RANGES.keys() <= names
