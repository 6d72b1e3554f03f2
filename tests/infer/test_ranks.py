"""Rank agreement against scipy."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import spearmanr

from mixtura.infer.hypotheses.measures import by_chance
from mixtura.infer.ranks import rank_agreement


def test_rank_agreement_is_spearman(rng):
    x, y = rng.normal(size=14), rng.normal(size=14)
    result = rank_agreement(x, y)
    assert (result.difference, result.p_value) == pytest.approx(spearmanr(x, y))
    assert result.low < result.difference < result.high
    assert np.isnan(rank_agreement(np.ones(14), y)).all()


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="4 sets or more"):
        rank_agreement(np.arange(3), np.arange(3))
    with pytest.raises(ValueError, match="4 sets or more"):
        rank_agreement(np.arange(5), np.arange(6))
    with pytest.raises(ValueError, match="missing"):
        rank_agreement(np.arange(5), np.full(5, np.nan))


def test_equal_correlations_of_few_sets_are_no_proof() -> None:
    """Four replicates of three sets that all say -0.5: errors are those of ranks without order."""
    cells = SimpleNamespace(strata=lambda name: np.array(["a", "a", "a"]), replicates=4)
    low, high, p = by_chance(-0.5, cells)  # type: ignore[arg-type]
    assert p == pytest.approx(0.1573, abs=1e-4)  # 2 P(Z > 0.5 sqrt(8))
    assert (low, high) == (pytest.approx(-1.193, abs=1e-3), pytest.approx(0.193, abs=1e-3))
