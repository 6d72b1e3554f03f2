"""Diversity of a set of embeddings. Sources and pitfalls: section 2 of the paper's notes.

Every function takes an (n, d) array or torch tensor, never changes it, and raises ValueError for
what `mixtura.blocks.matrix` refuses. Rows are scaled to unit length unless the text says otherwise,
so cosine similarity is an inner product. Almost all values grow with n: compare at equal n.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np

from mixtura.blocks import (
    BLOCK,
    Matrix,
    Scratch,
    exponential,
    matrix,
    namespace,
    numpy_array,
    one_thread,
    row_slices,
    run,
    same_space,
    tile_pairs,
    unit_rows,
)
from mixtura.diversity.lexical import entropy

KERNELS = ("cosine", "rbf", "laplacian", "polynomial")


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
    taus = [float(t) for t in (tau if isinstance(tau, Sequence | np.ndarray) else [tau])]
    if not taus or not all(0 < t < math.inf for t in taus):
        raise ValueError(f"tau must be positive and finite, not {tau}")
    if kernel not in KERNELS:
        raise ValueError(f"kernel must be one of {', '.join(KERNELS)}, not {kernel!r}")
    if not (0 < gamma < math.inf and degree > 0):
        raise ValueError(f"gamma and degree must be positive, not {gamma} and {degree}")
    x = unit_rows(embeddings)
    xp = namespace(x)

    products, copies = Scratch(), Scratch()

    exp, unit = exponential(x)
    # K - K_ii: a row of unit vectors is most similar to itself, so exp() never overflows and no
    # pass for the row maximum is needed. A cosine is bounded: unless tau is tiny exp() holds it as
    # it is, and tau goes into the length of the rows, which saves two passes over every tile.
    shifted = kernel != "cosine" or min(taus) < 1 / 40
    held = 1.0 if shifted else unit / taus[-1]
    own = [1.0 if shifted else math.exp(1 / t) for t in taus]
    if held != 1:
        x = x * math.sqrt(held)
    ones = _zeros(min(block, len(x)), x) + 1

    def similarity(a: Matrix, b: Matrix) -> Matrix:
        if kernel == "laplacian":
            tile = _city_block(a, b, xp)
            tile *= -gamma
            return xp.exp(tile) - 1
        tile = products.product(a, b)
        if kernel == "polynomial":
            return (tile / x.shape[1] + 1) ** degree - (1 / x.shape[1] + 1) ** degree
        if shifted:
            tile -= 1
        if kernel == "rbf":
            return xp.exp(tile * (2 * gamma)) - 1
        return tile

    def sums(tile_at: tuple[slice, slice]) -> tuple[slice, slice, list[Any]]:
        rows, columns = tile_at
        tile = similarity(x[rows], x[columns])
        found = []
        for i, t in enumerate(taus):
            factor, last = unit / t / held, i == len(taus) - 1
            weights = tile if last else copies.like(tile)
            if factor != 1:
                xp.multiply(tile, factor, out=weights)
            elif not last:
                weights[:] = tile
            if rows == columns:
                xp.einsum("ii->i", weights)[:] = -math.inf
            found.append(_sums(weights, exp, ones))
        return rows, columns, found

    # A row's own weight may be all but the whole sum: it is added in float64, not in a tile.
    totals = [_zeros(len(x), x) + weight for weight in own]
    for rows, columns, found in run(sums, tile_pairs(len(x), block), xp):
        for total, (by_row, by_column) in zip(totals, found, strict=True):
            total[rows] += by_row
            if rows != columns:
                total[columns] += by_column
    scores = [float((weight / total).sum()) for weight, total in zip(own, totals, strict=True)]
    return scores if isinstance(tau, Sequence | np.ndarray) else scores[0]


def _sums(tile: Matrix, exp: Callable[[Matrix], Any], ones: Matrix) -> tuple[Matrix, Matrix]:
    """Apply exp to a tile; return its row and column sums, products with a vector of ones."""
    xp = namespace(tile)
    if xp is not np:
        exp(tile)
        return tile.sum(1, dtype=xp.float64), tile.sum(0, dtype=xp.float64)
    # Strips stay in the cache, and torch takes no second thread for them. A product with ones is
    # the fastest sum.
    by_row, by_column = np.zeros(len(tile)), np.zeros(tile.shape[1])
    strips = row_slices(len(tile), max(1, 32_000 // tile.shape[1]))
    wide = np.empty((strips[0].stop, tile.shape[1]))
    for strip in strips:
        exp(tile[strip])
        part = wide[: strip.stop - strip.start]
        part[:] = tile[strip]
        by_row[strip] = part @ ones[: tile.shape[1]]
        by_column += ones[: len(part)] @ part
    return by_row, by_column


def _zeros(n: int, like: Matrix) -> Matrix:
    if namespace(like) is np:
        return np.zeros(n)
    return like.new_zeros(n, dtype=namespace(like).float64)


def _city_block(a: Matrix, b: Matrix, xp: Any) -> Matrix:
    if xp is not np:
        return xp.cdist(a, b, p=1)
    from scipy.spatial.distance import cdist

    return cdist(a, b, "cityblock")


def spectrum(embeddings: Matrix, normalise: bool = True) -> np.ndarray:
    """Eigenvalues of E E' that can differ from zero: min(n, d) of them, ascending, in float64.

    Time O(n d min(n, d)), memory O(min(n, d)^2). Values below the rounding error of the input's
    precision are set to zero.
    """
    x = unit_rows(embeddings) if normalise else matrix(embeddings)
    xp = namespace(x)
    n, d = x.shape
    wide = x.T if n < d else x

    def product(rows: slice) -> Matrix:
        part = wide[rows].T @ wide[rows]
        return part.astype("f8") if xp is np else part.double()

    # Few slices: each holds a float64 product until it is added.
    slices = row_slices(len(wide), max(4096, len(wide) // 32))
    gram = sum(run(product, slices, xp), start=_zeros(1, x))
    with one_thread():
        values = xp.linalg.eigvalsh(gram)
    values = numpy_array(values).astype(float)
    noise = values[-1] * max(n, d) ** 0.5 * xp.finfo(x.dtype).eps
    return np.where(values > noise, values, 0.0)


def vendi_score(embeddings: Matrix, q: float = 1.0) -> float:
    """Vendi score of order q: exp of the Renyi entropy of the eigenvalues of E E' / n.

    Between 1 (all the same) and min(n, d). q = 1 is the Shannon form (arXiv 2210.02410),
    small q weighs rare directions, q = inf is 1 / the largest eigenvalue (arXiv 2310.12952),
    q = 0 counts the directions above rounding error. Raises ValueError for a negative q.
    """
    if not q >= 0:
        raise ValueError(f"q must be at least 0, not {q}")
    share = spectrum(embeddings)
    share = share[share > 0] / share.sum()
    if q == math.inf:
        return float(1 / share.max())
    if q == 1:
        return float(np.exp(-(share * np.log(share)).sum()))
    return float((share**q).sum() ** (1 / (1 - q)))


def log_determinant(embeddings: Matrix, eps: float = 1.0, normalise: bool = True) -> float:
    """(1/n) log det(I + E E' / eps), in nats per text; grows with the volume that E spans."""
    if not 0 < eps < math.inf:
        raise ValueError(f"eps must be positive, not {eps}")
    return float(np.log1p(spectrum(embeddings, normalise) / eps).sum() / len(embeddings))


def mean_pairwise_distance(embeddings: Matrix) -> float:
    """Mean of 1 - cosine over all pairs of n >= 2 texts, 0 to 2, from the mean vector in O(n d)."""
    x = unit_rows(embeddings, rows=2)
    n, float64 = len(x), namespace(x).float64
    total = np.sum([numpy_array(x[rows].sum(0, dtype=float64)) for rows in row_slices(n)], axis=0)
    return float(1 - (total @ total - n) / (n * (n - 1)))


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
        found = []
        for columns in row_slices(len(y), 16 * block):
            cosine = scratch.product(x[rows], y[columns])
            if same:
                own = np.arange(max(rows.start, columns.start), min(rows.stop, columns.stop))
                cosine[own - rows.start, own - columns.start] = -np.inf
            best, near = _largest(cosine, min(k, cosine.shape[1]), xp)
            # A product in float32 finds the neighbours, but rounds by the shape of its tile.
            apart = double(x[rows])[:, None] - double(y[columns][near])
            squared = (apart * apart).sum(-1)
            squared[best == -np.inf] = np.inf
            found.append(squared)
        joined = xp.concatenate(found, axis=1)
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


def double(x: Matrix) -> Matrix:
    """Return `x` in float64."""
    return x.astype("f8") if namespace(x) is np else x.double()


def knn_distance(embeddings: Matrix, k: int = 5, *, block: int = BLOCK) -> float:
    """Mean of 1 - cosine to the k nearest other texts, 0 to 2. Raises ValueError if n <= k."""
    x = unit_rows(embeddings, rows=2)
    return float(neighbours(x, x, k, same=True, block=block).mean() / 2)


def chamfer_distance(embeddings: Matrix, *, block: int = BLOCK) -> float:
    """Mean of 1 - cosine to the nearest other text, 0 to 2, for n >= 2 texts."""
    return knn_distance(embeddings, 1, block=block)


def radius(embeddings: Matrix, normalise: bool = True) -> float:
    """Geometric mean of the standard deviations of the dimensions (Lai et al. 2020).

    n >= 2 texts; 0 if one dimension does not vary. With `normalise` rows have unit length first.
    """
    x = unit_rows(embeddings, rows=2) if normalise else matrix(embeddings, rows=2)
    deviation = numpy_array(x).std(axis=0, dtype=np.float64)
    if deviation.min() == 0:
        return 0.0
    return float(np.exp(np.log(deviation).mean()))


def kmeans(x: np.ndarray, clusters: int, seed: int, name: str = "embeddings") -> Any:
    """Fit scikit-learn's K-means to (n, d). Raises ValueError for fewer rows than clusters."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    if not 1 <= clusters <= len(x):
        raise ValueError(f"clusters must be between 1 and the {len(x)} rows of {name}: {clusters}")
    with warnings.catch_warnings(), one_thread():
        # Fewer different rows than clusters: the surplus stays empty, which is the right answer.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return KMeans(clusters, n_init=1, random_state=seed).fit(x)


def kmeans_inertia(
    embeddings: Matrix, clusters: int = 10, seed: int = 0, normalise: bool = True
) -> float:
    """Mean squared Euclidean distance to the nearest of `clusters` K-means centroids.

    Raises ValueError if there are fewer rows than clusters.
    """
    x = numpy_array(unit_rows(embeddings) if normalise else matrix(embeddings))
    return float(kmeans(x, clusters, seed, "embeddings").inertia_ / len(x))


def partition(
    reference: Matrix, clusters: int = 10, seed: int = 0
) -> Callable[[Matrix], np.ndarray]:
    """K-means clusters of the (m, d) reference: a function from (n, d) embeddings to theirs.

    Raises ValueError for fewer reference rows than clusters.
    """
    y = unit_rows(reference, "reference")
    model = kmeans(numpy_array(y), clusters, seed, "reference")

    def assign(embeddings: Matrix) -> np.ndarray:
        x = unit_rows(embeddings)
        same_space(x, y, ("embeddings", "reference"))
        with one_thread():
            found: np.ndarray = model.predict(
                numpy_array(x).astype(model.cluster_centers_.dtype, copy=False)
            )
        return found

    return assign


def partition_entropy(
    embeddings: Matrix, reference: Matrix, clusters: int = 10, seed: int = 0
) -> float:
    """Entropy in nats of the shares of texts in K-means clusters fitted on the reference.

    0 (all in one cluster) to ln(clusters). embeddings: (n, d), reference: (m, d), m >= clusters.
    """
    x = unit_rows(embeddings)
    return entropy(np.bincount(partition(reference, clusters, seed)(x)))


def facility_location(embeddings: Matrix, reference: Matrix, *, block: int = BLOCK) -> float:
    """Mean over the reference of the best cosine to a text of the set, -1 to 1: coverage."""
    x, y = unit_rows(embeddings), unit_rows(reference, "reference")
    return float(1 - neighbours(y, x, 1, block=block).mean() / 2)


def novelsum_density(
    embeddings: Matrix,
    reference: Matrix,
    *,
    beta: float = 0.5,
    k: int = 10,
    block: int = BLOCK,
) -> Matrix:
    """(n,) densities of NovelSum: (mean squared distance to the k nearest of the reference)^-beta.

    1e-9 is added to the mean. They depend on a text and the reference alone, not on the other
    texts. embeddings: (n, d), reference: (m, d) with m >= k.
    """
    x, y = unit_rows(embeddings), unit_rows(reference, "reference")
    same_space(x, y, ("embeddings", "reference"))
    return (neighbours(x, y, k, block=block).mean(1) + 1e-9) ** -beta


def novelsum(
    embeddings: Matrix,
    reference: Matrix,
    *,
    alpha: float = 1.0,
    beta: float = 0.5,
    k: int = 10,
    density: Matrix | None = None,
    block: int = BLOCK,
) -> float:
    """NovelSum (arXiv 2502.17184): distances weighted by proximity and by density.

    density_j = (mean squared distance of text j to its k nearest in the reference + 1e-9)^-beta,
    computed here unless `density` holds the texts' own (`novelsum_density`). For each text i the
    values density_j * (1 - cos_ij) are sorted ascending, itself first, and averaged with weights
    rank^-alpha; the score is the mean over i. embeddings: (n, d), reference: (m, d) with m >= k,
    usually the real data. A text that is itself in the reference finds itself.
    Time O(n^2 (d + log n)), memory O(n * block / 8 per core).
    """
    x = unit_rows(embeddings, rows=2)
    xp = namespace(x)
    if density is None:
        density = novelsum_density(x, reference, beta=beta, k=k, block=block)
    elif len(density) != len(x):
        raise ValueError(f"density must have {len(x)} entries, not {len(density)}")
    density = density.astype(x.dtype) if xp is np else density.to(x.dtype)
    weights = _zeros(len(x), x) + 1
    weights = weights.cumsum(0) ** -alpha
    weights = weights / weights.sum()

    scratch = Scratch()

    def of_rows(rows: slice) -> float:
        value = scratch.product(-x[rows], x)
        value += 1
        value *= density
        own = np.arange(rows.start, rows.stop)
        # -inf puts a text before its own duplicates, whose distance may round below zero.
        value[own - rows.start, own] = -np.inf
        if xp is np:
            value.sort(axis=1)
        else:
            value = value.sort(1).values
        value[:, 0] = 0
        return float((double(value) @ weights).sum())

    return sum(run(of_rows, row_slices(len(x), max(1, block // 8)), xp)) / len(x)
