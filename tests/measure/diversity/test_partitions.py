"""Clusters of texts."""

import math

import numpy as np
import pytest

from mixtura.measure.diversity import kmeans_inertia, partition_entropy


def test_kmeans_inertia_by_hand():
    x = np.array([[0, 1], [0, 3], [10, 0], [10, 2.0]])
    assert kmeans_inertia(x, 2, normalise=False) == pytest.approx(1)
    with pytest.raises(ValueError, match="clusters must be between 1 and the 4 rows"):
        kmeans_inertia(x, 5)


def test_partition_entropy_by_hand():
    reference = np.repeat(np.eye(3), 4, axis=0)
    assert partition_entropy(np.eye(3), reference, 3) == pytest.approx(math.log(3))
    assert partition_entropy([[1.0, 0, 0]], reference, 3) == 0
    with pytest.raises(ValueError, match="columns"):
        partition_entropy(np.eye(2), reference, 3)
