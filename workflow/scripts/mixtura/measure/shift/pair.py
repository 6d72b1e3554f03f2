"""Two checked sets of one space: the real one first, the generated one second."""

from typing import Any

from mixtura.measure.blocks import Matrix, double, matrix, namespace, same_space


def pair(x: Matrix, y: Matrix, rows: int = 2) -> tuple[Matrix, Matrix, Any]:
    """Check two sets of one space, bring them to one precision, and name their array module.

    Raises ValueError as `matrix` does, for fewer than `rows` rows, and for different columns.
    """
    x, y = matrix(x, "x (real)", rows), matrix(y, "y (generated)", rows)
    same_space(x, y, ("x (real)", "y (generated)"))
    xp = namespace(x)
    if x.dtype != y.dtype:
        x, y = double(x), double(y)
    return x, y, xp


def double_pair(x: Matrix, y: Matrix, rows: int = 2) -> tuple[Matrix, Matrix, Any]:
    """Do the same in float64: a difference of near-equal means keeps few digits of float32."""
    x, y, xp = pair(x, y, rows)
    return double(x), double(y), xp
