"""K-means has as many clusters as are asked for, from one to the number of rows."""

import numpy as np
import pytest

from mixtura.measure.clusters import kmeans

X = np.array([[0.0, 0.0], [0.0, 2.0], [6.0, 0.0], [6.0, 2.0]])


@pytest.mark.parametrize(("clusters", "spread"), [(1, 40.0), (2, 4.0), (4, 0.0)])
def test_the_squared_distances_to_the_centres(clusters: int, spread: float) -> None:
    assert kmeans(X, clusters, seed=0).inertia_ == pytest.approx(spread)


@pytest.mark.parametrize("clusters", [0, 5])
def test_more_clusters_than_rows_and_none_are_refused(clusters: int) -> None:
    with pytest.raises(ValueError, match=f"between 1 and the 4 rows of texts: {clusters}"):
        kmeans(X, clusters, seed=0, name="texts")
