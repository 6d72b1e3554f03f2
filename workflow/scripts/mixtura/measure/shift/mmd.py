"""Maximum mean discrepancy with an RBF kernel, and its permutation test."""

import math

import numpy as np

from mixtura.measure.blocks import (
    BLOCK,
    Matrix,
    Scratch,
    double,
    exponential,
    in_precision_of,
    namespace,
    numpy_array,
    run,
    strips,
    tile_grid,
    tile_pairs,
)
from mixtura.measure.shift.pair import double_pair, pair


def median_bandwidth(x: Matrix, y: Matrix, rows: int = 1000) -> float:
    """Median Euclidean distance between different rows of the pooled set: the RBF bandwidth.

    Read off at most `rows` rows, evenly spaced over the pool. Raises ValueError if it is zero.
    """
    x, y, xp = pair(x, y, 1)
    pool = numpy_array(xp.concatenate((x, y)))
    pool = pool[np.unique(np.linspace(0, len(pool) - 1, rows).astype(int))]
    squared = Scratch().squared_distances(pool, pool)[np.triu_indices(len(pool), 1)]
    median = math.sqrt(float(np.median(squared)))
    if median == 0:
        raise ValueError("the median distance is zero: over half of the pairs are the same row")
    return median


def mmd(
    x: Matrix,
    y: Matrix,
    bandwidth: float | None = None,
    *,
    within: tuple[float, float] | None = None,
    block: int = BLOCK,
) -> float:
    """Unbiased squared maximum mean discrepancy, RBF exp(-|a-b|^2 / (2 bandwidth^2)).

    Gretton et al. 2012, eq. 3 and lemma 6. About 0, also below it, for equal distributions; at most
    2. `bandwidth` defaults to `median_bandwidth`. within: mean kernels of different rows of x and
    of y (`mean_kernel`), where they are known. Time O((n + m)^2 d), memory one tile a core. Needs
    2 rows each. Products run in the precision of the input: in float32 the value is right to about
    1e-7, far below its noise floor.
    """
    x, y, _ = pair(x, y)
    width = _bandwidth(x, y, bandwidth)
    of_x, of_y = within or (mean_kernel(x, width, block=block), mean_kernel(y, width, block=block))
    return of_x + of_y - 2 * mean_kernel(x, width, y, block=block)


def mean_kernel(
    x: Matrix, bandwidth: float, y: Matrix | None = None, *, block: int = BLOCK
) -> float:
    """Mean RBF kernel of all pairs of rows of x and y, or of different rows of x."""
    xp, of_one = namespace(x), y is None
    exp, unit = exponential(x)
    middle = double(x[:1000]).mean(0)
    scaled = [(double(a) - middle) / bandwidth for a in (x, x if of_one else y)]
    # exp(-|a-b|^2 / 2) = exp(a.b) exp(-|a|^2 / 2) exp(-|b|^2 / 2): no pass over a tile but exp().
    # Rows whose exponents could pass what a float holds take the long way.
    norms = [(a * a).sum(1) for a in scaled]
    bounded = max(float(norm.max()) for norm in norms) < 40
    weights = [xp.exp(norm / -2) if bounded else xp.ones_like(norm) for norm in norms]
    u, v = weights[0], in_precision_of(x, weights[1])
    a, b = (in_precision_of(x, s * math.sqrt(unit)) for s in scaled)
    scratch = Scratch()

    def of_tile(tile_at: tuple[slice, slice]) -> float:
        rows, columns = tile_at
        if bounded:
            tile = scratch.product(a[rows], b[columns])
        else:
            tile = scratch.squared_distances(a[rows], b[columns])
            tile *= -0.5
        same = of_one and rows == columns
        if same:
            xp.einsum("ii->i", tile)[:] = -math.inf
        value = 0.0
        for strip in strips(tile):
            part = tile[strip]
            exp(part)
            value += float((u[rows][strip] * (part @ v[columns])).sum())
        return value * (2 if of_one and not same else 1)

    n, m = len(a), len(b)
    tiles = tile_pairs(n, block) if of_one else tile_grid(n, m, block)
    return sum(run(of_tile, tiles, xp)) / (n * (n - 1) if of_one else n * m)


def _bandwidth(x: Matrix, y: Matrix, bandwidth: float | None) -> float:
    if bandwidth is None:
        return median_bandwidth(x, y)
    if not (isinstance(bandwidth, int | float) and 0 < bandwidth < math.inf):
        raise ValueError(f"bandwidth must be positive, not {bandwidth}")
    return float(bandwidth)


def mmd_test(
    x: Matrix,
    y: Matrix,
    permutations: int = 500,
    seed: int = 0,
    bandwidth: float | None = None,
    *,
    block: int = BLOCK,
) -> tuple[float, float]:
    """Unbiased MMD^2 and its permutation p-value: (1 + as large ones) / (1 + permutations).

    Gretton et al. 2012, with the correction of Phipson & Smyth 2010, so p is never 0. The kernel
    is computed once, by tiles; time O((n + m)^2 (d + permutations)).
    """
    if permutations < 1:
        raise ValueError(f"permutations must be at least 1, not {permutations}")
    x, y, xp = double_pair(x, y)
    width = _bandwidth(x, y, bandwidth)
    pool = xp.concatenate((x, y))
    n, m, size = len(x), len(y), len(x) + len(y)
    random = np.random.default_rng(seed)
    side = np.ones((size, permutations + 1), np.float64)
    side[n:] = 0
    for p in range(1, permutations + 1):
        side[:, p] = random.permutation(side[:, 0])
    if xp is not np:
        side = xp.as_tensor(side, device=pool.device)

    scratch = Scratch()

    def of_tile(tile_at: tuple[slice, slice]) -> np.ndarray:
        rows, columns = tile_at
        tile = xp.exp(scratch.squared_distances(pool[rows], pool[columns]) * (-0.5 / width**2))
        if rows == columns:
            xp.einsum("ii->i", tile)[:] = 0
        a, b = side[rows], side[columns]
        reached = tile @ b
        both = (a * reached).sum(0)
        first, second = (a * tile.sum(1)[:, None]).sum(0), reached.sum(0)
        sums = xp.stack((both, first, second, xp.full_like(both, tile.sum())))
        return numpy_array(sums) * (1 if rows == columns else 2)

    sums = np.sum(list(run(of_tile, tile_pairs(size, block), xp)), axis=0)
    both, first, second, everything = sums
    either = (first + second) / 2
    statistic = (
        both / (n * (n - 1))
        + (everything - 2 * either + both) / (m * (m - 1))
        - 2 * (either - both) / (n * m)
    )
    # The tolerance counts a permutation that is the same split, summed in another order, as a tie.
    as_large = (statistic[1:] >= statistic[0] - 1e-12).sum()
    return float(statistic[0]), float((1 + as_large) / (1 + permutations))
