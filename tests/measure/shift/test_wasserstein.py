"""Sliced Wasserstein distance."""

import math

import numpy as np
import pytest

from mixtura.measure.shift import sliced_wasserstein

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 6))


def test_sliced_wasserstein_in_one_dimension():
    # One dimension has one direction: the plain 2-Wasserstein distance.
    assert sliced_wasserstein([[0.0], [1]], [[3.0], [5]]) == pytest.approx(math.sqrt(12.5))
    # Unequal sizes: quantiles 0, 0, 1, 1 against 2, 2, 2, 2 over a doubled grid.
    assert sliced_wasserstein([[0.0], [1]], [[2.0]]) == pytest.approx(math.sqrt(2.5))
    assert sliced_wasserstein(X, X[::-1]) == 0


def test_sliced_wasserstein_of_a_shift():
    # Moving a set by v moves each projection by v.u: mean square |v|^2 / d.
    moved = sliced_wasserstein(X, X + 2.0, projections=20_000)
    assert moved == pytest.approx(2, rel=0.02)
