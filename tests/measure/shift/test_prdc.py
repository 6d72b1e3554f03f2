"""Precision, recall, density and coverage."""

import numpy as np
import pytest
from prdc import compute_prdc

from mixtura.measure.shift import prdc

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 6))
Y = RANDOM.normal(size=(70, 6)) + 0.4


def test_prdc_by_hand():
    # k = 1: real balls 0+-1, 1+-1, 5+-4 (strictly inside); generated balls 0.5+-6.5, 7+-6.5.
    x, y = [[0.0], [1], [5]], [[0.5], [7]]
    result = prdc(x, y, k=1)
    assert result == pytest.approx(
        {"precision": 1, "recall": 1, "density": (2 + 1) / 2, "coverage": 1}
    )
    result = prdc(y, x, k=1)
    assert result["density"] == pytest.approx((1 + 2 + 2) / 3)
    with pytest.raises(ValueError, match="k must be between 1 and 1"):
        prdc(x, y, k=2)


@pytest.mark.parametrize("k", [1, 5, 20])
def test_prdc_against_the_published_package(k, capsys):
    expected = compute_prdc(X, Y, k)
    assert prdc(X, Y, k) == pytest.approx(expected)
    far = prdc(X, Y + 100, k)
    assert far == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}
