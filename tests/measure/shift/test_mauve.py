"""MAUVE."""

import numpy as np
import pytest

from mixtura.measure.shift import mauve

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 6))
Y = RANDOM.normal(size=(70, 6)) + 0.4


def test_mauve_limits():
    ends = np.repeat([[0.0], [10]], 20, axis=0)
    assert mauve(ends, ends, 2) == pytest.approx(1)
    # Disjoint: the curve is ((1 - l)^5, l^5), area 5 B(6, 5) = 5 * 5! 4! / 10!.
    apart = mauve(ends[:20], ends[20:], 2)
    assert apart == pytest.approx(5 * 120 * 24 / 3628800, rel=1e-2)
    assert apart < mauve(ends[:30], ends[20:], 2) < 1
    with pytest.raises(ValueError, match="clusters must"):
        mauve(X, Y, 1000)


def test_mauve_against_the_published_package():
    from mauve import compute_mauve

    random = np.random.default_rng(5)
    # Four tight heaps on the sphere, so that any clustering finds the same four buckets.
    centres = np.eye(4)
    real, generated = (
        centres[random.choice(4, 200, p=share)] + random.normal(scale=1e-3, size=(200, 4))
        for share in ([0.4, 0.3, 0.2, 0.1], [0.1, 0.1, 0.3, 0.5])
    )
    result = compute_mauve(
        real, generated, num_buckets=4, kmeans_explained_var=0.999,
        divergence_curve_discretization_size=100,
    )  # fmt: skip
    assert mauve(real, generated, buckets=4) == pytest.approx(result.mauve, abs=1e-3)
    assert 0.1 < result.mauve < 0.9
