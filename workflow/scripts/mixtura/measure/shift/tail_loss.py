"""How much of the real tail generated text does not reach."""

import math

import numpy as np

from mixtura.measure.blocks import BLOCK, Matrix, numpy_array
from mixtura.measure.nearest import nearest
from mixtura.measure.shift.pair import pair


def tail_loss(
    x: Matrix,
    y: Matrix,
    k: int = 5,
    tail: float = 0.2,
    *,
    radius: Matrix | None = None,
    block: int = BLOCK,
) -> float:
    """Share of the real tail that generated rows do not reach, 0 to 1.

    The tail are the `tail` of the real rows `x`, rounded up, whose k-th nearest other real row is
    farthest: where real text is rarest. A row is reached where a generated row of `y` is nearer
    than that: the coverage of Naeem et al. 2020 (arXiv 2002.09797), of the tail alone, from which
    model collapse starts (Shumailov et al. 2024, doi 10.1038/s41586-024-07566-y). Held-out real
    rows miss some as well: read it beside its noise floor. radius: as in `prdc`. Raises ValueError
    if `x` has k rows or fewer, or `tail` is not in (0, 1].
    """
    x, y, _ = pair(x, y)
    if not 1 <= k < len(x):
        raise ValueError(f"k must be between 1 and {len(x) - 1}, not {k}")
    if not 0 < tail <= 1:
        raise ValueError(f"tail must be above 0 and at most 1, not {tail}")
    if radius is None:
        radius = nearest(x, x, k, same=True, block=block)[:, -1]
    radius = numpy_array(radius)
    rare = np.argsort(-radius, kind="stable")[: math.ceil(tail * len(x))]
    reached = numpy_array(nearest(x[rare], y, 1, block=block))[:, 0]
    return float((reached >= radius[rare]).mean())
