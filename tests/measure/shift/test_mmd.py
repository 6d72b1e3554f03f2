"""MMD and its permutation test."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from mixtura.measure.shift import mmd, mmd_test

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 6))
Y = RANDOM.normal(size=(70, 6)) + 0.4


def test_mmd_by_hand_and_dense():
    # Within: k = exp(-2), exp(-2); between: 1, exp(-2), exp(-2), exp(-8) over 4.
    value = mmd([[0.0], [2]], [[0.0], [-2]], bandwidth=1)
    assert value == pytest.approx(2 * math.exp(-2) - (1 + 2 * math.exp(-2) + math.exp(-8)) / 2)

    width = np.median(cdist(pool := np.concatenate((X, Y)), pool)[np.triu_indices(len(pool), 1)])
    k = np.exp(-cdist(pool, pool, "sqeuclidean") / (2 * width**2))
    np.fill_diagonal(k, 0)
    n, m = len(X), len(Y)
    dense = k[:n, :n].sum() / n / (n - 1) + k[n:, n:].sum() / m / (m - 1) - 2 * k[:n, n:].mean()
    assert mmd(X, Y) == pytest.approx(dense)
    assert mmd_test(X, Y)[0] == pytest.approx(dense)


def test_mmd_refuses_bad_settings():
    with pytest.raises(ValueError, match="bandwidth"):
        mmd(X, Y, bandwidth=0)
    with pytest.raises(ValueError, match="same row"):
        mmd(np.ones((5, 2)), np.ones((5, 2)))
    with pytest.raises(ValueError, match="permutations"):
        mmd_test(X, Y, 0)


def test_permutation_p_value():
    assert mmd_test(X, Y + 3, 99)[1] == pytest.approx(0.01)
    # Under no shift p is uniform: over 100 draws the share below a half is near a half.
    ps = []
    for seed in range(100):
        z = np.random.default_rng(seed).normal(size=(24, 3))
        ps.append(mmd_test(z[:12], z[12:], 99, seed)[1])
    assert stats.kstest(ps, "uniform").pvalue > 0.01
    assert min(ps) >= 0.01
