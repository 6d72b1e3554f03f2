"""The table of findings against hand-worked values, and bad predictions."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import ttest_1samp

from labelled import replicated, study
from mixtura.core.tables import check
from mixtura.infer.findings import findings
from mixtura.infer.parts import unique_comparisons
from mixtura.infer.tables import Findings
from mixtura.infer.verdicts import GAIN, LOSS, NO_GAIN, TOO_SMALL


def row(frame, arm, metric="accuracy"):
    return frame.filter(arm=arm, metric=metric).row(0, named=True)


def test_findings_tell_gains_from_losses(rng):
    frame = findings(*replicated(rng))
    check(frame, "findings", Findings)
    for metric in ("accuracy", "macro_f1"):
        verdicts = {arm: row(frame, arm, metric)["verdict"] for arm in ("D0", "D1", "D2", "real")}
        assert verdicts == {"D0": TOO_SMALL, "D1": GAIN, "D2": LOSS, "real": None}
    gain, flat = row(frame, "D1"), row(frame, "D0")
    assert gain["bound"] == gain["simultaneous_low"] > 0 and (gain["replicates"], gain["n"]) == (
        4,
        200,
    )
    assert flat["bound"] == flat["detectable"] > 0
    wide = findings(*replicated(rng), smallest_gain=0.5)
    assert row(wide, "D0")["verdict"] == NO_GAIN
    assert row(wide, "D0")["bound"] == row(wide, "D0")["simultaneous_high"]


def test_findings_agree_with_the_scores_and_ignore_row_order(rng):
    rows, arms = replicated(rng)
    frame = findings(rows, arms)
    assert findings(rows.sample(fraction=1, shuffle=True, seed=1), arms).equals(frame)
    right = rows.with_columns(right=pl.col("gold") == pl.col("predicted"))
    means = right.group_by("arm").agg(pl.col("right").mean())
    value = dict(means.iter_rows())
    assert row(frame, "D1")["value"] == pytest.approx(value["D1"])
    assert row(frame, "D1")["difference"] == pytest.approx(value["D1"] - value["real"])


def test_simultaneous_intervals_are_wider_and_agree_with_their_p(rng):
    frame = findings(*replicated(rng)).filter(pl.col("baseline").is_not_null())
    for row_of_arm in frame.iter_rows(named=True):
        low, high = row_of_arm["simultaneous_low"], row_of_arm["simultaneous_high"]
        assert (
            low
            < row_of_arm["difference_low"]
            < row_of_arm["difference"]
            < row_of_arm["difference_high"]
            < high
        )
        assert (low > 0 or high < 0) == (row_of_arm["p_simultaneous"] < 0.05)
        assert row_of_arm["p_value"] <= row_of_arm["p_step_down"] <= row_of_arm["p_simultaneous"]


def test_replicates_that_differ_count_and_not_their_seeds(rng):
    """Where every test row is as hard as every other, only the replicates are left."""
    gold, gains = np.zeros(20_000, int), np.array([0.02, 0.08, 0.05, 0.01])
    parts = []
    for replicate, gain in enumerate(gains):
        for arm, right in (("real", 0.6), ("D0", 0.6 + gain)):
            predicted = (rng.random(gold.size) > right).astype(int)
            for seed in range(3):  # the same three times
                frame = pl.DataFrame({"gold": gold, "predicted": predicted}).with_row_index("id")
                names = {"arm": pl.lit(arm), "model": pl.lit("m")}
                parts.append(frame.with_columns(**names, replicate=replicate, seed=seed))
    arms = study(rng, ("D0",), (0.0,))[1]
    row_of_arm = row(findings(pl.concat(parts), arms, ["accuracy"]), "D0")
    oracle = ttest_1samp(gains, 0)
    interval = oracle.confidence_interval()
    assert (row_of_arm["replicates"], row_of_arm["seeds"], row_of_arm["identical"]) == (4, 1, 8)
    assert row_of_arm["p_value"] == pytest.approx(oracle.pvalue, abs=0.02)
    ends = (row_of_arm["difference_low"], row_of_arm["difference_high"])
    assert ends == pytest.approx((interval.low, interval.high), abs=0.015)


INTERVALS = {  # ends -> their middle, where the metric ends neither
    ("low", "high"): "value",
    ("difference_low", "difference_high"): "difference",
    ("simultaneous_low", "simultaneous_high"): "difference",
    ("control_low", "control_high"): "control_difference",
    ("control_simultaneous_low", "control_simultaneous_high"): "control_difference",
}


@pytest.mark.parametrize("seed", range(3))  # by chance the trainings that are left may agree
@pytest.mark.parametrize("replicates", [3, 5])
@pytest.mark.parametrize(
    "missing",
    [pl.col("replicate") == 1, (pl.col("replicate") == 1) & (pl.col("seed") == 1)],
    ids=["replicate", "seed"],
)
def test_an_arm_that_misses_runs_has_no_narrower_interval_than_its_complete_peers(
    seed, replicates, missing
):
    shape = {"levels": ("D0", "D1", "D2", "D3"), "gains": (0.1,) * 4, "items": 60}
    rows, arms = replicated(np.random.default_rng(seed), replicates, **shape)
    has_control = pl.col("arm").is_in(["D0", "D1"])
    arms = arms.with_columns(control=pl.when(has_control).then(pl.lit("D3")))
    frame = findings(rows.filter(~((pl.col("arm") == "D1") & missing)), arms, ["accuracy"])
    frame = frame.filter(pl.col("baseline").is_not_null())
    for (low, high), middle in INTERVALS.items():
        half = pl.max_horizontal(pl.col(high) - pl.col(middle), pl.col(middle) - pl.col(low))
        widths = dict(frame.select("arm", half).drop_nulls().iter_rows())
        assert widths["D1"] >= max(widths.values()) * 0.98, low  # quantiles are drawn


def test_an_arm_of_two_designs_is_one_comparison(rng):
    rows, arms = study(rng)
    alone = findings(rows, arms)
    again = arms.filter(arm="D1").with_columns(design=pl.lit("another"))
    both = findings(rows, pl.concat([again, arms]))
    shared, before = (frame.sort("arm", "metric") for frame in (unique_comparisons(both), alone))
    assert shared["verdict"].to_list() == before["verdict"].to_list()
    assert shared["simultaneous_low"].null_count() == before["simultaneous_low"].null_count()
    assert both.height == alone.height + 2  # metrics


def test_an_arm_is_compared_with_each_of_its_baselines(rng):
    rows, arms = study(rng)
    once = findings(rows, arms)
    again = arms.filter(arm="D1").with_columns(baseline=pl.lit("D2"))
    both = findings(rows, pl.concat([arms, again])).filter(arm="D1", metric="accuracy")
    assert both["baseline"].to_list() == ["real", "D2"]
    alone = once.filter(arm="D1", metric="accuracy")["difference"][0]
    value = dict(once.filter(metric="accuracy").select("arm", "value").iter_rows())
    assert both["difference"].to_list() == pytest.approx([alone, value["D1"] - value["D2"]])
    with pytest.raises(ValueError, match="twice in one design"):
        findings(rows, pl.concat([arms, arms]))


def test_one_training_of_one_draw_has_an_interval_of_test_rows_and_no_p(rng):
    frame = findings(*study(rng, seeds=1)).filter(pl.col("baseline").is_not_null())
    assert frame["p_value"].null_count() == frame["bound"].null_count() == frame.height
    assert frame["difference_low"].null_count() == 0
    assert frame["verdict"].unique().to_list() == [TOO_SMALL]


def test_trainings_of_one_draw_are_the_unit_where_they_differ(rng):
    rows, arms = study(rng)
    frame = findings(rows, arms).filter(pl.col("baseline").is_not_null())
    assert frame["p_value"].null_count() == 0 and frame["replicates"].unique().to_list() == [1]
    first = rows.filter(seed=0).drop("seed")
    same = pl.concat([first.with_columns(seed=seed) for seed in range(5)])
    again = findings(same, arms).filter(pl.col("baseline").is_not_null())
    assert again["p_value"].null_count() == again.height
    assert again["seeds"].unique().to_list() == [1] and again["identical"].unique().to_list() == [4]


def test_test_rows_of_a_group_count_once(rng):
    rows, arms = replicated(rng)
    first = rows.with_columns(group=pl.col("id"))
    copies = [first.with_columns(id=pl.format("{} {}", "id", pl.lit(copy))) for copy in range(4)]
    once, four = (findings(part, arms, ["accuracy"]) for part in (first, pl.concat(copies)))
    assert row(four, "D1")["groups"] == 200 and row(four, "D1")["n"] == 800
    for name in ("difference", "simultaneous_low", "p_value"):
        assert row(four, "D1")[name] == pytest.approx(row(once, "D1")[name])


def test_findings_count_a_missing_answer_as_wrong(rng):
    rows, arms = study(rng)
    silent = rows.with_columns(pl.when(pl.col("arm") != "D1").then(pl.col("predicted")))
    assert findings(silent, arms).filter(arm="D1")["value"].to_list() == [0, 0]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda rows: rows.filter((pl.col("seed") != 1) | (pl.col("id") != "t3")),
            "same test items",
        ),
        (
            lambda rows: rows.filter((pl.col("arm") != "D1") | (pl.col("id") != "t3")),
            "baseline real",
        ),
        (lambda rows: rows.filter(pl.col("arm") != "real"), "no predictions"),
        (lambda rows: pl.concat([rows, rows]), "twice"),
        (lambda rows: rows.head(0), "empty"),
        (lambda rows: rows.drop("id"), r"lack the columns \['id'\]"),
        (lambda rows: rows.with_columns(pl.col("arm").replace("D1", "new")), "does not list"),
        (lambda rows: rows.with_columns(gold=None), "without a gold label"),
    ],
)
def test_findings_refuse_bad_predictions(rng, spoil, message):
    rows, arms = study(rng)
    with pytest.raises(ValueError, match=message):
        findings(spoil(rows), arms)
