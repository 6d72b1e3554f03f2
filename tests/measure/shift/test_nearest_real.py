"""Distance to the nearest real text."""

import math

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from mixtura.measure.shift import nearest_real_distance

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 6))
Y = RANDOM.normal(size=(70, 6)) + 0.4


def test_nearest_real_distance_by_hand():
    assert nearest_real_distance(np.eye(2), [[3.0, 0], [1, 1]]) == pytest.approx(
        (1 - math.sqrt(0.5)) / 2
    )
    assert nearest_real_distance(X, X[:5]) == pytest.approx(0, abs=1e-12)
    expected = cdist(Y, X, "cosine").min(1).mean()
    assert nearest_real_distance(X, Y) == pytest.approx(expected)
