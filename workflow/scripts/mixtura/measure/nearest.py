"""Nearest rows by tiles: quick in the precision of the input, or exact in float64."""

from typing import Any

import numpy as np

from mixtura.measure.blocks import (
    BLOCK,
    Matrix,
    Scratch,
    double,
    namespace,
    row_slices,
    run,
    same_space,
)


def nearest(x: Matrix, y: Matrix, k: int, *, same: bool = False, block: int = BLOCK) -> Matrix:
    """Squared Euclidean distances to the k nearest rows of `y`, ascending, for each row of `x`.

    x: (n, d), y: (m, d), both from `matrix` or `unit_rows`; with `same` the two are one set and a
    row is no neighbour of itself. Returns (n, k). Memory: one tile of 4 * block**2 numbers a core.
    Raises ValueError if y offers fewer than k neighbours.
    """
    if not 1 <= k <= len(y) - same:
        raise ValueError(f"k must be between 1 and {len(y) - same} with {len(y)} rows, not {k}")
    same_space(x, y)
    xp = namespace(x)
    x_norms, y_norms = (x * x).sum(1), (y * y).sum(1)
    scratch = Scratch()

    def of_rows(rows: slice) -> Matrix:
        best = None
        for columns in row_slices(len(y), 4 * block):
            tile = scratch.product(x[rows] * -2, y[columns])
            tile += y_norms[columns]
            if same:
                diagonal = np.arange(max(rows.start, columns.start), min(rows.stop, columns.stop))
                tile[diagonal - rows.start, diagonal - columns.start] = np.inf
            smallest = _smallest(tile, k, xp)
            best = smallest if best is None else xp.concatenate((best, smallest), axis=1)
            best = _smallest(best, k, xp)
        best = best + x_norms[rows][:, None]
        return xp.sort(best, axis=1).clip(min=0) if xp is np else best.sort(1).values.clip(min=0)

    return xp.concatenate(list(run(of_rows, row_slices(len(x), block), xp)))


def _smallest(tile: Matrix, k: int, xp: Any) -> Matrix:
    if tile.shape[1] <= k:  # the next array is written over this one
        return tile.copy() if xp is np else tile
    if xp is not np:
        return tile.topk(k, dim=1, largest=False).values
    if k == 1:
        return tile.min(axis=1, keepdims=True)
    tile.partition(k - 1, axis=1)
    return tile[:, :k].copy()


def neighbours(x: Matrix, y: Matrix, k: int, *, same: bool = False, block: int = BLOCK) -> Matrix:
    """Squared Euclidean distances to the k nearest rows of `y`, ascending, for each row of `x`.

    x: (n, d), y: (m, d), both from `unit_rows`; with `same` the two are one set and a row is no
    neighbour of itself. Returns (n, k) in float64. Memory: one tile of 8 * block**2 numbers a core.
    Raises ValueError if y offers fewer than k neighbours.
    """
    if not 1 <= k <= len(y) - same:
        raise ValueError(f"k must be between 1 and {len(y) - same} with {len(y)} rows, not {k}")
    same_space(x, y)
    xp = namespace(x)
    scratch = Scratch()

    def of_rows(rows: slice) -> Matrix:
        parts = []
        for columns in row_slices(len(y), 16 * block):
            cosine = scratch.product(x[rows], y[columns])
            if same:
                diagonal = np.arange(max(rows.start, columns.start), min(rows.stop, columns.stop))
                cosine[diagonal - rows.start, diagonal - columns.start] = -np.inf
            best, near = _largest(cosine, min(k, cosine.shape[1]), xp)
            # A product in float32 finds the neighbours, but rounds by the shape of its tile.
            apart = double(x[rows])[:, None] - double(y[columns][near])
            squared = (apart * apart).sum(-1)
            squared[best == -np.inf] = np.inf
            parts.append(squared)
        joined = xp.concatenate(parts, axis=1)
        return (xp.sort(joined, axis=1) if xp is np else joined.sort(1).values)[:, :k]

    return xp.concatenate(list(run(of_rows, row_slices(len(x), max(1, block // 2)), xp)))


def _largest(tile: Matrix, k: int, xp: Any) -> tuple[Matrix, Matrix]:
    """Return the k largest values of each row and their columns; arrays lose them."""
    if xp is not np:
        return tuple(tile.topk(k, dim=1))
    # For the few neighbours that measures ask for, faster than argpartition().
    rows = np.arange(len(tile))
    values, columns = np.empty((len(tile), k), tile.dtype), np.empty((len(tile), k), np.intp)
    for i in range(k):
        columns[:, i] = tile.argmax(axis=1)
        values[:, i] = tile[rows, columns[:, i]]
        tile[rows, columns[:, i]] = -np.inf
    return values, columns
