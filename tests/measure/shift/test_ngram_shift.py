"""Shift of n-grams."""

import pytest

from mixtura.measure.shift import ngram_jensen_shannon


def test_ngram_jensen_shannon_against_scipy():
    from scipy.spatial.distance import jensenshannon

    value = ngram_jensen_shannon(["a a b", "c"], ["a b", "b d"])
    root = jensenshannon([0.5, 0.25, 0.25, 0], [0.25, 0.5, 0, 0.25], base=2)
    assert value == pytest.approx(root**2)
    assert ngram_jensen_shannon(["a b"], ["b c"], 2) == pytest.approx(1)
    assert ngram_jensen_shannon(["a b"], ["a b"], 2) == 0
    with pytest.raises(ValueError, match=r"3-grams of y \(generated\)"):
        ngram_jensen_shannon(["a b c"], ["a b"], 3)
