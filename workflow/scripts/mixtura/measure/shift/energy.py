"""Energy distance."""

from typing import Any

from mixtura.measure.blocks import (
    BLOCK,
    Matrix,
    Scratch,
    double,
    in_precision_of,
    namespace,
    run,
    strips,
    tile_grid,
    tile_pairs,
)
from mixtura.measure.shift.pair import pair


def energy_distance(
    x: Matrix, y: Matrix, *, within: tuple[float, float] | None = None, block: int = BLOCK
) -> float:
    """Energy distance 2 E|x-y| - E|x-x'| - E|y-y'|, 0 or more (Szekely & Rizzo 2013, V-statistic).

    In the unit of the embeddings; scipy's one-dimensional energy_distance is its square root.
    within: E|x-x'| and E|y-y'| (`mean_distance`), where they are known. Products run in the
    precision of the input: in float32 the value is right to about 1e-6, far below its noise floor.
    """
    x, y, _ = pair(x, y, 1)
    of_x, of_y = within or (mean_distance(x, block=block), mean_distance(y, block=block))
    return 2 * mean_distance(x, y, block=block) - of_x - of_y


def mean_distance(x: Matrix, y: Matrix | None = None, *, block: int = BLOCK) -> float:
    """Mean Euclidean distance of all pairs of rows of x and y, or of x and itself."""
    xp = namespace(x)
    middle = double(x[:1000]).mean(0)
    left, right = (_factors(a, middle, xp) for a in (x, x if y is None else y))
    products, ones = Scratch(), xp.ones_like(right[1][:block, 0])

    def of_tile(tile_at: tuple[slice, slice]) -> float:
        rows, columns = tile_at
        tile = products.product(left[0][rows], right[1][columns])
        same = y is None and rows == columns
        if same:
            xp.einsum("ii->i", tile)[:] = 0
        total = 0.0
        for strip in strips(tile):
            part = tile[strip]
            xp.clip(part, 0, None, out=part)
            xp.sqrt(part, out=part)
            total += float((part @ ones[: part.shape[1]]).sum(dtype=xp.float64))
        return total * (2 if y is None and not same else 1)

    tiles = tile_pairs(len(x), block) if y is None else tile_grid(len(x), len(y), block)
    return sum(run(of_tile, tiles, xp)) / (len(x) * len(x if y is None else y))


def _factors(a: Matrix, middle: Matrix, xp: Any) -> tuple[Matrix, Matrix]:
    """Rows (-2a, |a|^2, 1) and (a, 1, |a|^2): a product of the two is a squared distance."""
    centred = double(a) - middle
    norms = (centred * centred).sum(1)[:, None]
    ones = xp.ones_like(norms)
    pairs = ((centred * -2, norms, ones), (centred, ones, norms))
    first, second = (in_precision_of(a, xp.concatenate(parts, axis=1)) for parts in pairs)
    return first, second
