"""Energy distance."""

import numpy as np
import pytest
from scipy import stats

from mixtura.measure.shift import energy_distance

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 6))
Y = RANDOM.normal(size=(70, 6)) + 0.4


def test_energy_distance_against_scipy():
    x, y = X[:, :1], Y[:, :1]
    expected = stats.energy_distance(x[:, 0], y[:, 0]) ** 2
    assert energy_distance(x, y) == pytest.approx(expected)
    assert energy_distance(X, X) == pytest.approx(0, abs=1e-9)
