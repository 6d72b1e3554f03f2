"""Distances to the nearest texts."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from mixtura.measure.diversity import (
    chamfer_distance,
    facility_location,
    kmeans_inertia,
    knn_distance,
    mean_pairwise_distance,
    novelsum,
    radius,
    vendi_score,
)

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 9))
IDENTICAL = np.tile([[0.6, 0.8]], (5, 1))


def test_near_duplicates_keep_their_distance_in_float32():
    # 1 - cosine would round to a multiple of 6e-8.
    x = np.array([[1, 0], [1, 1e-4]], np.float32)
    assert chamfer_distance(x) == pytest.approx(0.5e-8, rel=1e-3)


def test_distances_against_scipy():
    condensed = pdist(X, "cosine")
    dense = squareform(condensed)
    np.fill_diagonal(dense, np.inf)
    dense.sort(axis=1)
    assert mean_pairwise_distance(X) == pytest.approx(condensed.mean())
    assert chamfer_distance(X) == pytest.approx(dense[:, 0].mean())
    assert knn_distance(X, 5) == pytest.approx(dense[:, :5].mean())


def test_identical_texts_have_no_distance():
    for measure in (mean_pairwise_distance, chamfer_distance, radius):
        assert measure(IDENTICAL) == pytest.approx(0, abs=1e-12)
    assert kmeans_inertia(IDENTICAL, 3) == pytest.approx(0, abs=1e-12)
    assert vendi_score(IDENTICAL) == pytest.approx(1)
    assert novelsum(IDENTICAL, X[:, :2]) == pytest.approx(0, abs=1e-12)


def test_one_text_has_no_pairs():
    for measure in (mean_pairwise_distance, chamfer_distance, knn_distance, radius):
        with pytest.raises(ValueError, match="at least 2 rows"):
            measure(X[:1])
    with pytest.raises(ValueError, match="k must be between 1 and 4"):
        knn_distance(X[:5], 5)


def test_facility_location_by_hand():
    assert facility_location(np.eye(2), np.eye(2)) == pytest.approx(1)
    assert facility_location([[1.0, 0]], np.eye(2)) == pytest.approx(0.5)
