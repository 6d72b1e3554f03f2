"""Classifier two-sample test."""

import numpy as np
import pytest

from mixtura.measure.shift import c2st

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 6))
Y = RANDOM.normal(size=(70, 6)) + 0.4


def test_c2st():
    same = RANDOM.normal(size=(600, 4))
    assert c2st(same[:300], same[300:]) == pytest.approx(0.5, abs=0.08)
    assert c2st(X, X + 10) == 1
    assert c2st(X, Y, seed=1) == c2st(X, Y, seed=1)
    with pytest.raises(ValueError, match="at least 5 rows"):
        c2st(X, Y[:4])
