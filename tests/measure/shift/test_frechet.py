"""Frechet distance."""

import math

import numpy as np
import pytest
from scipy import linalg

from mixtura.measure.shift import frechet_distance
from mixtura.measure.shift.frechet import _covariance

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 6))
Y = RANDOM.normal(size=(70, 6)) + 0.4


def test_frechet_by_hand_and_dense():
    # One dimension: (mean difference)^2 + (sd difference)^2.
    x, y = np.array([[0.0], [2]]), np.array([[3.0], [7]])
    expected = 16 + (math.sqrt(2) - math.sqrt(8)) ** 2
    assert frechet_distance(x, y, shrinkage=False) == pytest.approx(expected)

    sx, sy = np.cov(X.T), np.cov(Y.T)
    root = linalg.sqrtm(sx @ sy).real
    dense = ((X.mean(0) - Y.mean(0)) ** 2).sum() + np.trace(sx + sy - 2 * root)
    assert frechet_distance(X, Y, shrinkage=False) == pytest.approx(dense)
    assert frechet_distance(X, X) == pytest.approx(0, abs=1e-9)


def test_frechet_shrinks_as_ledoit_and_wolf():
    from sklearn.covariance import ledoit_wolf

    few = X[:8]
    shrunk = _covariance(few, few.mean(0), True)
    assert shrunk == pytest.approx(ledoit_wolf(few)[0])
    # Fewer rows than dimensions: shrinkage brings two draws of one distribution closer together.
    wide = RANDOM.normal(size=(40, 200))
    pair = wide[:20], wide[20:]
    assert frechet_distance(*pair) < 0.5 * frechet_distance(*pair, shrinkage=False)
    assert frechet_distance(np.ones((3, 2)), np.ones((3, 2))) == 0
