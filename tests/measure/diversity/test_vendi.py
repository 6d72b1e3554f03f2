"""Vendi score and log-determinant."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixtura.measure.diversity import log_determinant, vendi_score

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 9))


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_vendi_by_hand():
    # Two copies of e1 and one e2: eigenvalues of K/n are 2/3 and 1/3.
    x = [[1, 0], [1, 0], [0, 1]]
    shannon = math.exp(-(2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3)))
    assert vendi_score(x) == pytest.approx(shannon)
    assert vendi_score(x, 2) == pytest.approx(1 / (4 / 9 + 1 / 9))
    assert vendi_score(x, math.inf) == pytest.approx(1.5)
    assert vendi_score(x, 0) == 2
    assert vendi_score(x, 0.5) == pytest.approx((math.sqrt(2 / 3) + math.sqrt(1 / 3)) ** 2)


@pytest.mark.parametrize("shape", [(40, 9), (9, 40), (1, 4)])
def test_vendi_against_the_published_package(shape):
    from vendi_score import vendi

    x = RANDOM.normal(size=shape)
    kernel = unit(x) @ unit(x).T
    assert vendi_score(x) == pytest.approx(vendi.score_K(kernel))
    assert 1 - 1e-12 <= vendi_score(x) <= min(shape)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 10**6))
def test_vendi_falls_with_order_and_ignores_a_second_copy(n, d, seed):
    x = np.random.default_rng(seed).normal(size=(n, d))
    values = [vendi_score(x, q) for q in (0, 0.5, 1, 1.5, 2, 10, math.inf)]
    assert all(a >= b - 1e-9 for a, b in pairwise(values))
    assert vendi_score(np.tile(x, (2, 1))) == pytest.approx(values[2])
    assert values[-1] >= 1 - 1e-9 and values[0] <= min(n, d)


def test_vendi_refuses_negative_order():
    with pytest.raises(ValueError, match="q must"):
        vendi_score(X, -1)


def test_log_determinant_against_the_determinant():
    x = unit(X)[:30]
    expected = np.linalg.slogdet(np.eye(30) + x @ x.T / 0.1)[1] / 30
    assert log_determinant(x, 0.1) == pytest.approx(expected)
    assert log_determinant([[3.0, 0], [0, 1]], normalise=False) == pytest.approx(math.log(20) / 2)
