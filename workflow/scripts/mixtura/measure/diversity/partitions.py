"""Clusters of the texts, or of the reference: inertia, entropy of the shares."""

from collections.abc import Callable

import numpy as np

from mixtura.measure.blocks import Matrix, matrix, numpy_array, one_thread, same_space, unit_rows
from mixtura.measure.clusters import kmeans
from mixtura.measure.diversity.entropy import entropy


def kmeans_inertia(
    embeddings: Matrix, clusters: int = 10, seed: int = 0, normalise: bool = True
) -> float:
    """Mean squared Euclidean distance to the nearest of `clusters` K-means centroids.

    Raises ValueError if there are fewer rows than clusters.
    """
    x = numpy_array(unit_rows(embeddings) if normalise else matrix(embeddings))
    return float(kmeans(x, clusters, seed, "embeddings").inertia_ / len(x))


def partition(
    reference: Matrix, clusters: int = 10, seed: int = 0
) -> Callable[[Matrix], np.ndarray]:
    """K-means clusters of the (m, d) reference: a function from (n, d) embeddings to theirs.

    Raises ValueError for fewer reference rows than clusters.
    """
    y = unit_rows(reference, "reference")
    model = kmeans(numpy_array(y), clusters, seed, "reference")

    def assign(embeddings: Matrix) -> np.ndarray:
        x = unit_rows(embeddings)
        same_space(x, y, ("embeddings", "reference"))
        with one_thread():
            assigned: np.ndarray = model.predict(
                numpy_array(x).astype(model.cluster_centers_.dtype, copy=False)
            )
        return assigned

    return assign


def partition_entropy(
    embeddings: Matrix, reference: Matrix, clusters: int = 10, seed: int = 0
) -> float:
    """Entropy in nats of the shares of texts in K-means clusters fitted on the reference.

    0 (all in one cluster) to ln(clusters). embeddings: (n, d), reference: (m, d), m >= clusters.
    """
    x = unit_rows(embeddings)
    return entropy(np.bincount(partition(reference, clusters, seed)(x)))
