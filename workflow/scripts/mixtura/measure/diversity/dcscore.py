"""DCScore: how well a softmax over similarities tells the texts apart."""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np

from mixtura.measure.blocks import (
    Matrix,
    Scratch,
    exponential,
    in_precision_of,
    namespace,
    numpy_array,
    run,
    strips,
    tile_pairs,
    unit_rows,
    zeros,
)

BLOCK = 768  # larger than elsewhere: the sums of a tile cost less beside its product

KERNELS = ("cosine", "rbf", "laplacian", "polynomial")

Tile = tuple[slice, slice]


@overload
def dcscore(
    embeddings: Matrix,
    kernel: str = ...,
    tau: float = ...,
    *,
    gamma: float = ...,
    degree: int = ...,
    block: int = ...,
) -> float: ...
@overload
def dcscore(
    embeddings: Matrix,
    kernel: str = ...,
    tau: Sequence[float] = ...,
    *,
    gamma: float = ...,
    degree: int = ...,
    block: int = ...,
) -> list[float]: ...
def dcscore(
    embeddings: Matrix,
    kernel: str = "cosine",
    tau: float | Sequence[float] = 1.0,
    *,
    gamma: float = 1.0,
    degree: int = 3,
    block: int = BLOCK,
) -> float | list[float]:
    """DCScore: the trace of the row-softmax of K / tau, between 1 and n (arXiv 2502.08512).

    Kernels of unit rows: cosine x.y; rbf exp(-gamma |x-y|^2); laplacian exp(-gamma |x-y|_1);
    polynomial (x.y / d + 1)^degree. In the published code `tau` stands for gamma or degree in the
    last three and the softmax has temperature 1; here `tau` is always the temperature. With cosine
    and tau = 1 the value cannot pass e = 2.718: report a small tau (0.05) beside it.
    Several tau are computed in one pass and returned as a list.

    Time O(n^2 d), memory O(n + block^2 per core). Raises ValueError for another kernel or a tau,
    gamma or degree that is not positive.
    """
    taus = list(tau) if isinstance(tau, Sequence | np.ndarray) else [tau]
    trace = SoftmaxTrace(embeddings, kernel, taus, gamma=gamma, degree=degree, block=block)
    return trace.scores if isinstance(tau, Sequence | np.ndarray) else trace.scores[0]


class SoftmaxTrace:
    """DCScore of one set at several temperatures, and its intervals. Arguments as `dcscore`."""

    def __init__(
        self,
        embeddings: Matrix,
        kernel: str,
        tau: Sequence[float],
        *,
        gamma: float,
        degree: int,
        block: int = BLOCK,
    ) -> None:
        self.taus = [float(t) for t in tau]
        if not self.taus or not all(0 < t < math.inf for t in self.taus):
            raise ValueError(f"tau must be positive and finite, not {tau}")
        if kernel not in KERNELS:
            raise ValueError(f"kernel must be one of {', '.join(KERNELS)}, not {kernel!r}")
        if not (0 < gamma < math.inf and degree > 0):
            raise ValueError(f"gamma and degree must be positive, not {gamma} and {degree}")
        x = unit_rows(embeddings)
        self.kernel, self.gamma, self.degree, self.block = kernel, gamma, degree, block
        self.xp, self.d = namespace(x), x.shape[1]
        self.products, self.copies, self.shares = Scratch(), Scratch(), Scratch()
        self.exp, self.unit = exponential(x)
        # K - K_ii: a row of unit vectors is most similar to itself, so exp() never overflows and no
        # pass for the row maximum is needed. A cosine is bounded: unless tau is tiny exp() holds it
        # as it is, and tau goes into the length of the rows, which saves two passes over each tile.
        self.shifted = kernel != "cosine" or min(self.taus) < 1 / 40
        self.scale = 1.0 if self.shifted else self.unit / self.taus[-1]
        self.diagonal = [1.0 if self.shifted else math.exp(1 / t) for t in self.taus]
        self.x = x if self.scale == 1 else x * math.sqrt(self.scale)
        self.ones = self.xp.ones_like(self.x[:block, 0])
        # A row's own weight may be all but the whole sum: it is added in float64, not in a tile.
        self.totals = [zeros(len(x), x) + weight for weight in self.diagonal]
        for (rows, columns), sums in run(self._sums, tile_pairs(len(x), block), self.xp):
            for total, (by_row, by_column) in zip(self.totals, sums, strict=True):
                total[rows] += by_row
                if rows != columns:
                    total[columns] += by_column
        pairs = zip(self.diagonal, self.totals, strict=True)
        self.scores = [float((weight / total).sum()) for weight, total in pairs]

    def interval(self, at: int) -> tuple[float, float]:
        """95 % interval of the score at one temperature, of that place in `tau`."""
        return self.intervals[at]

    @cached_property
    def intervals(self) -> list[tuple[float, float]]:
        """95 % interval of each score: what would another n rows of this source give?

        The delete-one jackknife, exact: without row k, row i has the share s / (T_i - w_ik) of its
        softmax, so all n values need one more pass. Its variance is never too small on average
        (Efron & Stein 1981). The interval is Student's t on the logit of (score - 1) / (n - 1), so
        that it stays between 1 and n. Raises ValueError for one row.
        """
        from scipy.stats import t

        n = len(self.x)
        if n < 2:
            raise ValueError("an interval needs 2 rows at least")
        left = [zeros(n, self.x) for _ in self.taus]
        for (rows, columns), sums in run(self._lost, tile_pairs(n, self.block), self.xp):
            for change, (by_row, by_column) in zip(left, sums, strict=True):
                change[columns] += by_column
                if rows != columns:
                    change[rows] += by_row
        ends = []
        for score, diagonal, total, change in zip(
            self.scores, self.diagonal, self.totals, left, strict=True
        ):
            without = numpy_array(diagonal * change - diagonal / total)
            error = math.sqrt((n - 1) / n * float(((without - without.mean()) ** 2).sum()))
            ends.append(_logit_interval(score, float(t.ppf(0.975, n - 1)) * error, n))
        return ends

    def _weights(self, tile_at: Tile) -> Iterator[Matrix]:
        """The weights of one tile at each temperature, 0 for a row beside itself."""
        rows, columns = tile_at
        tile = self._similarity(self.x[rows], self.x[columns])
        for i, t in enumerate(self.taus):
            factor, last = self.unit / t / self.scale, i == len(self.taus) - 1
            weights = tile if last else self.copies.like(tile)
            if factor != 1:
                self.xp.multiply(tile, factor, out=weights)
            elif not last:
                weights[:] = tile
            if rows == columns:
                self.xp.einsum("ii->i", weights)[:] = -math.inf
            yield weights

    def _similarity(self, a: Matrix, b: Matrix) -> Matrix:
        if self.kernel == "laplacian":
            tile = _city_block(a, b, self.xp)
            tile *= -self.gamma
            return self.xp.exp(tile) - 1
        tile = self.products.product(a, b)
        if self.kernel == "polynomial":
            return (tile / self.d + 1) ** self.degree - (1 / self.d + 1) ** self.degree
        if self.shifted:
            tile -= 1
        if self.kernel == "rbf":
            return self.xp.exp(tile * (2 * self.gamma)) - 1
        return tile

    def _sums(self, tile_at: Tile) -> tuple[Tile, list[tuple[Matrix, Matrix]]]:
        """Row and column sums of the weights of a tile: products with ones, the fastest sum."""
        sums = []
        for weights in self._weights(tile_at):
            by_row, by_column = (zeros(size, self.x) for size in weights.shape)
            for strip in strips(weights):
                part = weights[strip]
                self.exp(part)
                by_row[strip] = part @ self.ones[: part.shape[1]]
                by_column += self.ones[: len(part)] @ part
            sums.append((by_row, by_column))
        return tile_at, sums

    def _lost(self, tile_at: Tile) -> tuple[Tile, list[tuple[Matrix, Matrix]]]:
        """Sums of w / (T (T - w)) of a tile: over its columns with their T, over its rows."""
        rows, columns = tile_at
        sums = []
        for weights, total in zip(self._weights(tile_at), self.totals, strict=True):
            of_rows, of_columns = (in_precision_of(self.x, total[part]) for part in tile_at)
            by_row, by_column = (zeros(size, self.x) for size in weights.shape)
            for strip in strips(weights):
                part, of_part = weights[strip], of_rows[strip]
                self.exp(part)
                share = self.shares.like(part)
                self.xp.subtract(of_part[:, None], part, out=share)
                self.xp.divide(part, share, out=share)
                by_column += (1 / of_part) @ share
                if rows != columns:
                    self.xp.subtract(of_columns, part, out=share)
                    self.xp.divide(part, share, out=share)
                    by_row[strip] = share @ (1 / of_columns)
            sums.append((by_row, by_column))
        return tile_at, sums


def _logit_interval(score: float, reach: float, n: int) -> tuple[float, float]:
    """The interval score -+ reach, straight on the logit of (score - 1) / (n - 1)."""
    below, above = score - 1, n - score
    if not (below > 0 and above > 0):
        return min(max(score, 1), n), min(max(score, 1), n)
    step = reach * (n - 1) / (below * above)
    odds = [below / above * math.exp(sign * min(step, 700)) for sign in (-1, 1)]
    low, high = (1 + (n - 1) * o / (1 + o) for o in odds)
    return low, high


def _city_block(a: Matrix, b: Matrix, xp: Any) -> Matrix:
    if xp is not np:
        return xp.cdist(a, b, p=1)
    from scipy.spatial.distance import cdist

    return cdist(a, b, "cityblock")
