"""Power stated before a study, and the spreads of one that ran."""

import runpy
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mixtura.infer import pilot
from mixtura.infer.comparisons import study_of
from mixtura.infer.detect import Design, Spreads, least, power, power_table
from mixtura.infer.metrics import metric_of
from mixtura.infer.pilot import pilot_of

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
BENCH = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/bench_power.py"))
SPREADS = Spreads(0.03, 0.03, 0.02, 0.2, 0.15, 0.3)
DESIGN = Design(replicates=5, seeds=2, test_rows=1000, comparisons=14)


@pytest.mark.slow
def test_power_stated_is_power_observed():
    assert [row for row in BENCH["run"]() if row["met"] != "yes"] == []


@pytest.mark.workflow
def test_one_comparison_without_test_rows_part_is_a_t_test():
    """Of one mix the simultaneous interval is that of Student, whose power is known."""
    spreads = Spreads(0.03, 0.04, 0, 0, 0, 0)
    error = 0.05 / np.sqrt(8)
    stated = power(spreads, Design(8, 1, 500, 1), studies=2000)
    gain = stated.gain()
    assert stats.nct.sf(stats.t.ppf(0.975, 7), 7, gain / error) == pytest.approx(0.8, abs=0.03)


def test_test_rows_alone_are_a_mean_of_differences():
    """What repeats in every replicate: the variance of a difference over the test rows."""
    spreads = Spreads(0, 0, 0, 0.5, 1e-6, 0)
    gain = power(spreads, Design(5, 1, 400, 1), studies=400).gain()
    assert gain == pytest.approx((1.96 + 0.84) * 0.5 / 20, rel=0.1)


@pytest.mark.workflow
@pytest.mark.parametrize(
    "more",
    [{"replicates": 10}, {"seeds": 8}, {"test_rows": 8000}, {"comparisons": 2}],
    ids=lambda more: next(iter(more)),
)
def test_more_evidence_and_fewer_comparisons_see_smaller_gains(more):
    assert power(SPREADS, replace(DESIGN, **more)).gain() < power(SPREADS, DESIGN).gain()


@pytest.mark.workflow
def test_baselines_share_the_level():
    assert power(SPREADS, replace(DESIGN, groups=6)).gain() > power(SPREADS, DESIGN).gain()


def test_one_replicate_rests_on_its_trainings():
    assert power(SPREADS, replace(DESIGN, replicates=1, seeds=1)).gain() == np.inf
    assert power(SPREADS, replace(DESIGN, replicates=1, seeds=5)).gain() < 0.1


def test_the_chance_and_the_gain_are_one_curve():
    stated = power(SPREADS, DESIGN)
    assert stated.at(stated.gain(0.5)) == pytest.approx(0.5, abs=0.01)
    assert stated.at(0) < 0.02 and stated.at(1) == 1


@pytest.mark.workflow
def test_the_least_replicates_do_and_fewer_do_not():
    count = least(SPREADS, DESIGN, 0.06, "replicates")
    assert power(SPREADS, replace(DESIGN, replicates=count + 1)).gain() <= 0.06 * 1.05
    assert power(SPREADS, replace(DESIGN, replicates=count - 2)).gain() > 0.06 * 0.97
    assert least(SPREADS, DESIGN, 0.01, "seeds") is None


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="0 or more"):
        Spreads(-0.1, 0, 0, 0, 0, 0)
    with pytest.raises(ValueError, match="1 or more"):
        Design(0, 1, 100, 1)


def test_a_pilot_gives_back_its_spreads():
    """Of made-up scores whose variances are known: replicates, mixes, trainings, test rows."""
    rng = np.random.default_rng(5)
    shape = (150, 2, 6, 200)  # replicates, seeds, arms of which the first is real alone, rows
    truth = SPREADS
    z = np.zeros(shape)
    z += truth.replicate * rng.normal(size=(150, 1, 1, 1)) * (np.arange(6) > 0)[:, None]
    z += truth.mix * rng.normal(size=(150, 1, 6, 1)) * (np.arange(6) > 0)[:, None]
    z += truth.seed * rng.normal(size=(150, 2, 6, 1))
    for sd, size in [
        (truth.row, (1, 1, 6, 200)),
        (truth.replicate_row, (150, 1, 6, 200)),
        (truth.seed_row, shape),
    ]:
        z += sd / np.sqrt(2) * rng.normal(size=size)
    values = z.mean(axis=-1)[:, :, 1:] - z.mean(axis=-1)[:, :, :1]
    influence = z[:, :, 1:] - z[:, :, :1]
    influence = influence - influence.mean(axis=-1, keepdims=True)
    variances = pilot._variances(values, influence)
    expected = [*vars(truth).values()]
    assert np.sqrt(variances[:6]) == pytest.approx(expected[:6], rel=0.15)
    assert variances[6] == pytest.approx(0.5, abs=0.1)


def test_a_pilot_of_one_replicate_says_what_it_lacks():
    stats_bench = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/bench_stats.py"))
    gains, control = stats_bench["TRUTHS"]["null"]
    runs = stats_bench["runs"](np.random.default_rng(0), gains, control, 1)
    study = study_of(runs, metric_of("accuracy"), 0.95, 0)
    with pytest.raises(ValueError, match="one replicate"):
        pilot_of(study, stats_bench["ARMS"])
    with pytest.raises(ValueError, match="no mix"):
        pilot_of(study, stats_bench["ARMS"].filter(n_generated=0))


def test_the_power_curve_falls_and_marks_the_studys_own_replicates():
    curve = power_table(SPREADS, Design(4, 2, 400, 6))
    assert curve["replicates"].to_list() == [2, 3, 4, 5, 6, 8]
    assert curve.filter("planned")["replicates"].to_list() == [4]
    assert curve["gain"].to_list() == sorted(curve["gain"], reverse=True)
