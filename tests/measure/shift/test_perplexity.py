"""Gap in perplexity."""

import math

import pytest

from mixtura.measure.shift import perplexity_gap


def test_perplexity_gap_by_hand():
    assert perplexity_gap([-2, -4], [1, 2], [-3], [1]) == pytest.approx(1)
    for bad in (([0.5], [1]), ([math.nan], [1]), ([-1], [0]), ([-1, -2], [1])):
        with pytest.raises(ValueError, match=r"y \(generated\)"):
            perplexity_gap([-1], [1], *bad)
