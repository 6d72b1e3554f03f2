"""How far the texts lie apart as a whole: mean distance, radius."""

import numpy as np

from mixtura.measure.blocks import Matrix, matrix, namespace, numpy_array, row_slices, unit_rows


def mean_pairwise_distance(embeddings: Matrix) -> float:
    """Mean of 1 - cosine over all pairs of n >= 2 texts, 0 to 2, from the mean vector in O(n d)."""
    x = unit_rows(embeddings, rows=2)
    n, float64 = len(x), namespace(x).float64
    total = np.sum([numpy_array(x[rows].sum(0, dtype=float64)) for rows in row_slices(n)], axis=0)
    return float(1 - (total @ total - n) / (n * (n - 1)))


def radius(embeddings: Matrix, normalise: bool = True) -> float:
    """Geometric mean of the standard deviations of the dimensions (Lai et al. 2020).

    n >= 2 texts; 0 if one dimension does not vary. With `normalise` rows have unit length first.
    """
    x = unit_rows(embeddings, rows=2) if normalise else matrix(embeddings, rows=2)
    deviation = numpy_array(x).std(axis=0, dtype=np.float64)
    if deviation.min() == 0:
        return 0.0
    return float(np.exp(np.log(deviation).mean()))
