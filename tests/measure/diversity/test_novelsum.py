"""NovelSum against its formula."""

import numpy as np
import pytest

from mixtura.measure.diversity import novelsum

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 9))
REFERENCE = RANDOM.normal(size=(80, 9))


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_novelsum_by_hand():
    # Reference e1; k = 1. Squared distances: e1 0, e2 2. Densities: 1e-9^-.5, (2 + 1e-9)^-.5.
    # From e1 the other text e2 weighs its density, at rank 2; from e2 the text e1 does.
    first, second = (1e-9) ** -0.5, (2 + 1e-9) ** -0.5
    expected = ((second / 2) / 1.5 + (first / 2) / 1.5) / 2
    assert novelsum(np.eye(2), [[1.0, 0]], k=1) == pytest.approx(expected, rel=1e-9)


def test_novelsum_against_the_dense_formula():
    x, y = unit(X), unit(REFERENCE)
    squared = np.sort(((x[:, None] - y[None]) ** 2).sum(-1), axis=1)[:, :7].mean(1)
    values = np.sort((1 - x @ x.T) * (squared + 1e-9) ** -0.3, axis=1)
    weights = np.arange(1, len(x) + 1) ** -1.5
    expected = (values @ weights / weights.sum()).mean()
    assert novelsum(X, REFERENCE, alpha=1.5, beta=0.3, k=7) == pytest.approx(expected)
    with pytest.raises(ValueError, match="k must be between 1 and 80"):
        novelsum(X, REFERENCE, k=81)
