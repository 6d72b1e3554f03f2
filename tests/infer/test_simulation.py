"""Error rates and coverage in simulated studies whose truth is known."""

import runpy
from pathlib import Path

import pytest

SYSTEMS = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/bench_compare.py"))
BENCH = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/bench_stats.py"))


@pytest.mark.slow
def test_simulated_figures_lie_in_their_bands():
    missed = [row for row in BENCH["run"]() if row["met"] != "yes"]
    assert not missed


def test_a_study_of_each_truth_runs():
    """So that the fast set notices a simulation that no longer fits the package."""
    for truth in BENCH["TRUTHS"]:
        result = BENCH["outcome"](0, truth, 3)
        assert result.false <= result.named and 0 <= result.marginal <= 1


def test_systems_of_each_shape_are_compared():
    for shape in SYSTEMS["SHAPES"]:
        for truth in SYSTEMS["TRUTHS"]:
            false, _, alone, *_ = SYSTEMS["outcome"](0, shape, truth)
            assert false in (True, False) and 0 <= alone <= 1


@pytest.mark.slow
def test_simulated_systems_lie_in_their_bands():
    assert not [row for row in SYSTEMS["run"]() if row["met"] != "yes"]
