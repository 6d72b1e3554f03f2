"""Rank agreement against scipy."""

import numpy as np
import pytest
from scipy.stats import spearmanr

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
