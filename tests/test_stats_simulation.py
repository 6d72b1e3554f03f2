"""Error rates, coverage and power in simulated studies whose truth is known."""

import runpy
from pathlib import Path

import pytest

BENCH = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks/bench_stats.py"))


@pytest.mark.slow
@pytest.mark.parametrize("figures", ["error_rows", "power_rows"])
def test_simulated_figures_lie_in_their_range(figures):
    missed = [row for row in BENCH[figures]() if not row.good]
    assert not missed


def test_a_few_studies_run():
    """So that the fast set notices a simulation that no longer fits the package."""
    assert len([*BENCH["error_rows"](studies=2), *BENCH["power_rows"](studies=2)]) > 40
