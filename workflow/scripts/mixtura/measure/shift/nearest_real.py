"""Distance to the nearest real text: a check for memorisation."""

from mixtura.measure.blocks import BLOCK, Matrix, unit_rows
from mixtura.measure.nearest import neighbours


def nearest_real_distance(x: Matrix, y: Matrix, *, block: int = BLOCK) -> float:
    """Mean 1 - cosine from each generated row of `y` to its nearest real row of `x`, 0 to 2.

    A memorisation check: near 0, or far below the same from held-out real rows, generated texts
    repeat real ones. Rows are scaled to unit length here.
    """
    x, y = unit_rows(x, "x (real)"), unit_rows(y, "y (generated)")
    return float(neighbours(y, x, 1, block=block).mean() / 2)
