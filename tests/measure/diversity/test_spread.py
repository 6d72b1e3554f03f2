"""Radius by hand."""

import pytest

from mixtura.measure.diversity import radius


def test_radius_by_hand():
    x = [[1.0, 0], [3, 8]]
    assert radius(x, normalise=False) == pytest.approx(2)
    assert radius([[1.0, 5], [3, 5]], normalise=False) == 0
