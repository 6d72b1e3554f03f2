"""Comparisons of systems against hand-worked values and other packages, and bad scores."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from mixtura.infer import compare
from mixtura.infer.systems import SystemComparisons, common_items
from mixtura.infer.verdicts import GAIN, LOSS, NO_GAIN, TOO_SMALL


def scores(rng, items=300, seeds=1, gains=(0.0, 0.5), groups=None):
    """Truth values of systems with these gains; items are hard or easy for all, or by group."""
    hard = rng.normal(size=items if groups is None else groups.max() + 1)
    hard = hard if groups is None else hard[groups]
    noise = rng.normal(size=(len(gains), seeds, items))
    return {
        f"s{place}": hard + gain + of_system > 0
        for place, (gain, of_system) in enumerate(zip(gains, noise, strict=True))
    }


def test_one_run_of_each_is_a_paired_t_test_over_items(rng):
    a, b = rng.normal(size=(2, 400))
    row = compare({"a": a, "b": a + 0.05 + 0.3 * b}).row(0, named=True)
    oracle = stats.ttest_rel(a + 0.05 + 0.3 * b, a)
    ends = oracle.confidence_interval()
    assert row["difference"] == pytest.approx(np.mean(0.05 + 0.3 * b))
    assert (row["low"], row["high"]) == pytest.approx((ends.low, ends.high), abs=0.002)
    assert row["p_value"] == pytest.approx(oracle.pvalue, rel=0.1)
    assert (row["n"], row["groups"], row["replicates"], row["seeds"]) == (400, 400, 1, 1)


def test_seeds_are_the_unit_where_they_differ_unless_the_systems_are_fixed(rng):
    by_seed = np.array([0.01, 0.09, 0.05, 0.04])
    a = rng.normal(size=(4, 20_000))
    b = a + by_seed[:, None]
    over_seeds = compare({"a": a, "b": b}).row(0, named=True)
    ends = stats.ttest_1samp(by_seed, 0).confidence_interval()
    assert (over_seeds["low"], over_seeds["high"]) == pytest.approx((ends.low, ends.high), abs=4e-3)
    assert over_seeds["seeds"] == 4 and over_seeds["items_needed"] is None
    fixed = compare({"a": a, "b": b}, fixed=True).row(0, named=True)
    assert fixed["difference"] == pytest.approx(over_seeds["difference"])
    assert fixed["seeds"] == 1 and fixed["high"] - fixed["low"] < 1e-9


def test_items_of_a_group_count_once(rng):
    once = scores(rng)
    four = {name: np.repeat(values, 4, axis=1) for name, values in once.items()}
    alone = compare(once).row(0, named=True)
    grouped = compare(four, groups=np.arange(300).repeat(4)).row(0, named=True)
    assert (grouped["n"], grouped["groups"]) == (1200, 300)
    for name in ("difference", "low", "p_value", "detectable"):
        assert grouped[name] == pytest.approx(alone[name])
    assert grouped["items_needed"] == pytest.approx(4 * alone["items_needed"], abs=4)


def test_simultaneous_intervals_hold_over_systems_and_tasks(rng):
    frames = [
        pl.DataFrame(
            {"item": np.arange(300), "score": values[0].astype(float)},
            {"item": pl.String, "score": pl.Float64},
            strict=False,
        ).with_columns(system=pl.lit(system), task=pl.lit(task))
        for task in ("x", "y")
        for system, values in scores(rng, gains=(0.0, 0.3, 0.5)).items()
    ]
    table = compare(pl.concat(frames))
    assert table.select("task", "system", "other").rows() == [
        *(("x", "s1", "s0"), ("x", "s2", "s0"), ("y", "s1", "s0"), ("y", "s2", "s0"))
    ]
    alone = compare(pl.concat(frames[:2])).row(0, named=True)
    first = table.row(0, named=True)
    assert first["low"] == pytest.approx(alone["low"], abs=0.01)
    assert first["simultaneous_low"] < first["low"] and alone["simultaneous_low"] == alone["low"]
    for row in table.iter_rows(named=True):
        excluded = row["simultaneous_low"] > 0 or row["simultaneous_high"] < 0
        assert excluded == (row["p_simultaneous"] < 0.05)
    pairs = compare(pl.concat(frames), all_pairs=True, baseline="s2")
    assert pairs.select("system", "other").rows()[:3] == [("s0", "s2"), ("s1", "s2"), ("s1", "s0")]


def test_a_margin_decides_not_worse_and_equivalent(rng):
    data = scores(rng, 4000, gains=(0.0, 0.0, 0.6, -0.6))
    table = compare(data, margin=0.05)
    claims = table.select("verdict", "not_worse", "equivalent").rows()
    assert claims == [(NO_GAIN, True, True), (GAIN, True, False), (LOSS, False, False)]
    few = compare(scores(rng, 40, gains=(0.0, 0.0)), margin=0.05).row(0, named=True)
    assert (few["verdict"], few["not_worse"]) == (TOO_SMALL, False) and few["items_needed"] > 400
    assert compare(data)["not_worse"].null_count() == 3


def test_where_smaller_is_better_the_verdict_turns_and_the_difference_does_not(rng):
    a = rng.normal(size=500)
    frame = pl.concat(
        pl.DataFrame({"item": np.arange(500).astype(str), "score": a + change}).with_columns(
            system=pl.lit(name), lower=True
        )
        for name, change in (("a", 0.0), ("b", 0.1 + 0.1 * rng.normal(size=500)))
    )
    row = compare(frame, margin=0.2).row(0, named=True)
    assert row["difference"] > 0 and row["verdict"] == LOSS
    assert row["not_worse"] and row["equivalent"]


def test_two_metrics_of_a_task_are_compared_each_by_itself(rng):
    a, noise = rng.normal(size=(2, 300))
    frame = pl.concat(
        pl.DataFrame({"item": np.arange(300).astype(str), "score": a + change}).with_columns(
            system=pl.lit(name), metric=pl.lit(metric)
        )
        for metric, gain in (("f1", 0.3), ("exact", -0.2))
        for name, change in (("a", 0.0), ("b", gain + 0.1 * noise))
    )
    rows = compare(frame).sort("metric")
    assert rows["metric"].to_list() == ["exact", "f1"]
    assert rows["verdict"].to_list() == [LOSS, GAIN]
    assert SystemComparisons.validate(rows).height == 2


@pytest.mark.workflow
def test_items_needed_show_the_difference_in_four_of_five_studies(rng):
    probe = compare(scores(rng, 4000, gains=(0.0, 0.25))).row(0, named=True)
    needed = compare(scores(rng, 500, gains=(0.0, 0.25)), visible=probe["difference"])
    items = needed["items_needed"][0]
    shown = np.mean(
        [compare(scores(rng, items, gains=(0.0, 0.25)))["verdict"][0] == GAIN for _ in range(150)]
    )
    assert 0.68 < shown < 0.92


def test_systems_that_never_differ_have_an_interval(rng):
    same = scores(rng, 100, gains=(0.0,))["s0"]
    row = compare({"a": same, "b": same}).row(0, named=True)
    assert row["difference"] == 0 and 0 < row["high"] < 0.05 and row["p_value"] == 1
    right, wrong = np.ones(100), np.zeros(100)
    row = compare({"a": wrong, "b": right}).row(0, named=True)
    assert row["verdict"] == GAIN and 0.9 < row["low"] < 1 == row["high"]


def test_rare_differences_are_no_surer_than_mcnemar(rng):
    a, b = np.ones(200), np.ones(200)
    a[:5] = 0
    exact = stats.binomtest(5, 5).pvalue
    assert exact / 2 < compare({"a": a, "b": b})["p_value"][0] < exact


FRAME = pl.DataFrame(
    {"system": ["a"] * 3 + ["b"] * 3, "item": ["x", "y", "z"] * 2, "score": [0, 1, 1, 1, 1, 0]}
)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f.drop("item"), r"lack the columns \['item'\]"),
        (lambda f: f.filter(pl.col("system") == "a"), "of a alone: give two systems"),
        (lambda f: f.head(5), r"score: b \(replicate 0, seed 0\) has no score of item 'z'"),
        (lambda f: pl.concat([f, f]), "the key .* stands more than once"),
        (lambda f: f.with_columns(score=pl.lit("x")), "holds String: give numbers"),
        (lambda f: f.with_columns(pl.col("score").replace(0, None)), "'score' is null"),
        (lambda f: f.with_columns(score=pl.lit(np.inf)), "'score' is inf"),
        (lambda f: f.with_columns(group=pl.col("system")), "item 'x' is of several groups"),
        (lambda f: f.with_columns(group=pl.lit("g")), "needs 2 test rows"),
    ],
)
def test_bad_scores_are_named(spoil, message):
    with pytest.raises(ValueError, match=message):
        compare(spoil(FRAME))


def test_bad_arguments_are_named(rng):
    good = scores(rng)
    for arguments, message in (
        ({"margin": 0.0}, "margin is 0.0: it must be"),
        ({"visible": -1.0}, "visible is -1.0"),
        ({"baseline": "c"}, "baseline 'c' has no scores; systems are: s0, s1"),
        ({"groups": [1, 2]}, "300 items, but 2 groups"),
        ({"level": 1.0}, "must lie between 0 and 1"),
    ):
        with pytest.raises(ValueError, match=message):
            compare(good, **arguments)
    with pytest.raises(ValueError, match="groups belong to arrays"):
        compare(FRAME, groups=[1, 2, 3])
    with pytest.raises(ValueError, match=r"scores of a: shape \(0,\)"):
        compare({"a": [], "b": []})


def test_common_items_are_those_of_all_runs():
    part = common_items(_ready(FRAME.head(5)))
    assert part["item"].to_list() == ["x", "y"] * 2


def _ready(frame):
    return frame.with_columns(task=pl.lit(""), metric=pl.lit("m"), replicate=0, seed=0)
