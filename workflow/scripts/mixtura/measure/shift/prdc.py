"""Precision, recall, density and coverage by balls of nearest neighbours."""

from typing import Any

import numpy as np

from mixtura.measure.blocks import BLOCK, Matrix, Scratch, numpy_array, row_slices, run, strips
from mixtura.measure.nearest import nearest
from mixtura.measure.shift.pair import pair


def prdc(
    x: Matrix, y: Matrix, k: int = 5, *, radius: Matrix | None = None, block: int = BLOCK
) -> dict[str, float]:
    """Precision, recall, density and coverage of generated `y` against real `x`.

    Kynkaanniemi et al. 2019 (arXiv 1904.06991) and Naeem et al. 2020 (arXiv 2002.09797), with
    Euclidean balls around each row that reach to its k-th nearest other row.
    precision: share of generated rows inside a real ball; recall: share of real rows inside a
    generated ball; density: mean number of real balls around a generated row, over k; coverage:
    share of real balls with a generated row in them. Order matters: x is real, y is generated.
    radius: (n,) squared distances of the real rows to their k-th neighbour, where they are known.
    Raises ValueError if a set has k rows or fewer. Memory: one tile a core.
    """
    x, y, xp = pair(x, y)
    if not 1 <= k < min(len(x), len(y)):
        raise ValueError(f"k must be between 1 and {min(len(x), len(y)) - 1}, not {k}")
    real_radius = nearest(x, x, k, same=True, block=block)[:, -1] if radius is None else radius
    generated_radius = nearest(y, y, k, same=True, block=block)[:, -1]

    scratch = Scratch()

    def of_rows(rows: slice) -> tuple[Any, ...]:
        in_real = xp.zeros_like(generated_radius)
        recalled, covered = (xp.zeros_like(real_radius[rows], dtype=bool) for _ in range(2))
        for columns in row_slices(len(y), block):
            tile = scratch.squared_distances(x[rows], y[columns])
            for strip in strips(tile, most=255):
                part, real = tile[strip], real_radius[rows][strip]
                inside = part < real[:, None]
                # A sum of few bytes stays a byte, and a least value is sooner found than any().
                byte = inside.view(xp.uint8)
                in_real[columns] += byte.sum(0, dtype=xp.uint8 if xp is np else xp.int32)
                covered[strip] |= _least(part, xp) < real
                part -= generated_radius[columns]
                recalled[strip] |= _least(part, xp) < 0
        return in_real, recalled, covered

    around = np.zeros(len(y))
    recalled_rows = covered_rows = 0
    for in_real, recalled, covered in run(of_rows, row_slices(len(x), block), xp):
        around += numpy_array(in_real)
        recalled_rows += int(recalled.sum())
        covered_rows += int(covered.sum())
    return {
        "precision": float((around > 0).mean()),
        "recall": recalled_rows / len(x),
        "density": float(around.mean() / k),
        "coverage": covered_rows / len(x),
    }


def _least(tile: Matrix, xp: Any) -> Matrix:
    return tile.min(axis=1) if xp is np else tile.amin(1)
