"""Sliced Wasserstein distance."""

import math

import numpy as np

from mixtura.measure.blocks import Matrix, numpy_array, row_slices
from mixtura.measure.shift.pair import pair


def sliced_wasserstein(x: Matrix, y: Matrix, projections: int = 200, seed: int = 0) -> float:
    """Sliced 2-Wasserstein distance: root mean square over random directions (Bonneel 2015).

    In the unit of the embeddings. Directions depend on the seed and d alone.
    """
    if projections < 1:
        raise ValueError(f"projections must be at least 1, not {projections}")
    x, y, _ = pair(x, y, 1)
    x, y = numpy_array(x), numpy_array(y)
    directions = np.random.default_rng(seed).normal(size=(projections, x.shape[1]))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    # Both quantile functions are steps: between two neighbouring jumps each is constant.
    jumps = np.unique(np.concatenate([np.arange(len(a) + 1) / len(a) for a in (x, y)]))
    middle, width = (jumps[1:] + jumps[:-1]) / 2, np.diff(jumps)
    at_x, at_y = ((middle * len(a)).astype(int) for a in (x, y))
    total = 0.0
    for some in row_slices(projections, 32):
        px, py = (np.sort(directions[some].astype(a.dtype) @ a.T, axis=1) for a in (x, y))
        total += float(((px[:, at_x] - py[:, at_y]) ** 2 @ width).sum())
    return math.sqrt(total / projections)
