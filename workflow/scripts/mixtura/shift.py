"""How far generated data lies from real data. Sources: section 3 of the paper's notes.

`x` is the real set, (n, d), and `y` the generated one, (m, d), arrays or torch tensors, as they
are: no row is normalised here (give unit rows if your embedder means cosine). Every function raises
ValueError for what `mixtura.blocks.matrix` refuses and for different d. Most values depend on n and
m: call them again with real against held-out real of the same size, that is the noise floor.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from mixtura.blocks import (
    BLOCK,
    Matrix,
    Scratch,
    exponential,
    matrix,
    namespace,
    nearest,
    numpy_array,
    one_thread,
    row_slices,
    run,
    same_space,
    tile_pairs,
    unit_rows,
)
from mixtura.diversity.embeddings import double, kmeans, neighbours
from mixtura.diversity.lexical import Text, words


def _pair(x: Matrix, y: Matrix, rows: int = 2) -> tuple[Matrix, Matrix, Any]:
    x, y = matrix(x, "x (real)", rows), matrix(y, "y (generated)", rows)
    same_space(x, y, ("x (real)", "y (generated)"))
    xp = namespace(x)
    if x.dtype != y.dtype:
        x, y = double(x), double(y)
    return x, y, xp


def _double_pair(x: Matrix, y: Matrix, rows: int = 2) -> tuple[Matrix, Matrix, Any]:
    """Pair for a difference of near-equal means: of float32 products it would keep few digits."""
    x, y, xp = _pair(x, y, rows)
    return double(x), double(y), xp


def median_bandwidth(x: Matrix, y: Matrix, rows: int = 1000) -> float:
    """Median Euclidean distance between different rows of the pooled set: the RBF bandwidth.

    Read off at most `rows` rows, evenly spaced over the pool. Raises ValueError if it is zero.
    """
    x, y, xp = _pair(x, y, 1)
    pool = numpy_array(xp.concatenate((x, y)))
    pool = pool[np.unique(np.linspace(0, len(pool) - 1, rows).astype(int))]
    squared = Scratch().squared_distances(pool, pool)[np.triu_indices(len(pool), 1)]
    median = math.sqrt(float(np.median(squared)))
    if median == 0:
        raise ValueError("the median distance is zero: over half of the pairs are the same row")
    return median


def mmd(x: Matrix, y: Matrix, bandwidth: float | None = None, *, block: int = BLOCK) -> float:
    """Unbiased squared maximum mean discrepancy, RBF exp(-|a-b|^2 / (2 bandwidth^2)).

    Gretton et al. 2012, eq. 3 and lemma 6. About 0, also below it, for equal distributions; at most
    2. `bandwidth` defaults to `median_bandwidth`. Time O((n + m)^2 d), memory one tile a core.
    Needs 2 rows each.
    """
    x, y, xp = _double_pair(x, y)
    width = _bandwidth(x, y, bandwidth)
    middle = xp.concatenate((x[:1000], y[:1000])).mean(0)
    exp, unit = exponential(x)
    x, y = ((a - middle) * (math.sqrt(unit) / width) for a in (x, y))
    # exp(-|a-b|^2 / 2) = exp(a.b) exp(-|a|^2 / 2) exp(-|b|^2 / 2): no pass over a tile but exp().
    # Rows whose exponents could pass what a float holds take the long way.
    norms = [(a * a).sum(1) for a in (x, y)]
    bounded = max(float(norm.max()) for norm in norms) < 40
    scratch = Scratch()

    def total(first: int, second: int) -> float:
        a, b = (x, y)[first], (x, y)[second]
        (u, v), same = (xp.exp(norms[i] * (-0.5 / unit)) for i in (first, second)), first == second

        def of_tile(tile_at: tuple[slice, slice]) -> float:
            rows, columns = tile_at
            if bounded:
                tile = scratch.product(a[rows], b[columns])
            else:
                tile = scratch.squared_distances(a[rows], b[columns])
                tile *= -0.5
            if same and rows == columns:
                xp.einsum("ii->i", tile)[:] = -math.inf
            value = 0.0
            strips = max(1, 32_000 // tile.shape[1]) if xp is np else len(tile)
            for strip in row_slices(len(tile), strips):
                part = tile[strip]
                exp(part)
                if bounded:
                    own = u[rows][strip]
                    value += float((own * (part @ v[columns])).sum(dtype=xp.float64))
                else:
                    value += float(part.sum(dtype=xp.float64))
            return value * (2 if same and rows != columns else 1)

        tiles = tile_pairs(len(a), block) if same else _tiles(len(a), len(b), block)
        return sum(run(of_tile, tiles, xp))

    n, m = len(x), len(y)
    within = total(0, 0) / (n * (n - 1)) + total(1, 1) / (m * (m - 1))
    return within - 2 * total(0, 1) / (n * m)


def _tiles(n: int, m: int, block: int) -> list[tuple[slice, slice]]:
    return [(a, b) for a in row_slices(n, block) for b in row_slices(m, block)]


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
    x, y, xp = _double_pair(x, y)
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


def energy_distance(x: Matrix, y: Matrix, *, block: int = BLOCK) -> float:
    """Energy distance 2 E|x-y| - E|x-x'| - E|y-y'|, 0 or more (Szekely & Rizzo 2013, V-statistic).

    In the unit of the embeddings; scipy's one-dimensional energy_distance is its square root.
    """
    x, y, xp = _double_pair(x, y, 1)

    scratch = Scratch()

    def mean(a: Matrix, b: Matrix, same: bool) -> float:
        def of_tile(tile_at: tuple[slice, slice]) -> float:
            rows, columns = tile_at
            tile = scratch.squared_distances(a[rows], b[columns])
            xp.sqrt(tile, out=tile)
            if same and rows == columns:
                xp.einsum("ii->i", tile)[:] = 0
            return float(tile.sum(dtype=xp.float64)) * (1 + (same and rows != columns))

        tiles = tile_pairs(len(a), block) if same else _tiles(len(a), len(b), block)
        return sum(run(of_tile, tiles, xp)) / (len(a) * len(b))

    return 2 * mean(x, y, False) - mean(x, x, True) - mean(y, y, True)


def sliced_wasserstein(x: Matrix, y: Matrix, projections: int = 200, seed: int = 0) -> float:
    """Sliced 2-Wasserstein distance: root mean square over random directions (Bonneel 2015).

    In the unit of the embeddings. Directions depend on the seed and d alone.
    """
    if projections < 1:
        raise ValueError(f"projections must be at least 1, not {projections}")
    x, y, _ = _pair(x, y, 1)
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


def frechet_distance(x: Matrix, y: Matrix, shrinkage: bool = True) -> float:
    """Frechet distance |mu_x - mu_y|^2 + tr(S_x + S_y - 2 (S_x S_y)^(1/2)), 0 or more.

    Heusel et al. 2017, eq. 6, squared as usual. With `shrinkage` the covariances are pulled to a
    multiple of the identity (Ledoit & Wolf 2004), needed unless n is well above d; without it they
    are sample covariances (divisor n - 1). Needs 2 rows each.
    """
    x, y, _ = _pair(x, y)
    moments = []
    for a in (numpy_array(x), numpy_array(y)):
        mean = a.mean(0, dtype=np.float64)
        moments.append((mean, _covariance(a, mean, shrinkage)))
    (mx, sx), (my, sy) = moments
    # (S_x S_y)^(1/2) has the trace of (R S_y R)^(1/2) with R = S_x^(1/2), which is symmetric.
    with one_thread():
        values, vectors = np.linalg.eigh(sx)
        root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
        cross = np.sqrt(np.linalg.eigvalsh(root @ sy @ root).clip(0)).sum()
    return max(0.0, float(((mx - my) ** 2).sum() + np.trace(sx) + np.trace(sy) - 2 * cross))


def _covariance(a: np.ndarray, mean: np.ndarray, shrinkage: bool) -> np.ndarray:
    n, d = a.shape
    scatter, fourth = np.zeros((d, d)), 0.0
    for rows in row_slices(n, 4096):
        centred = a[rows] - mean
        scatter += centred.T @ centred
        fourth += float(((centred * centred).sum(1) ** 2).sum())
    if not shrinkage:
        return scatter / (n - 1)
    s = scatter / n
    scale = np.trace(s) / d
    spread = (s * s).sum() - d * scale**2
    if spread <= 0:
        return s
    noise = (fourth / n - (s * s).sum()) / n
    weight = min(1.0, max(0.0, noise / spread))
    return (1 - weight) * s + weight * scale * np.eye(d)


def prdc(x: Matrix, y: Matrix, k: int = 5, *, block: int = BLOCK) -> dict[str, float]:
    """Precision, recall, density and coverage of generated `y` against real `x`.

    Kynkaanniemi et al. 2019 (arXiv 1904.06991) and Naeem et al. 2020 (arXiv 2002.09797), with
    Euclidean balls around each row that reach to its k-th nearest other row.
    precision: share of generated rows inside a real ball; recall: share of real rows inside a
    generated ball; density: mean number of real balls around a generated row, over k; coverage:
    share of real balls with a generated row in them. Order matters: x is real, y is generated.
    Raises ValueError if a set has k rows or fewer. Memory: one tile a core.
    """
    x, y, xp = _pair(x, y)
    if not 1 <= k < min(len(x), len(y)):
        raise ValueError(f"k must be between 1 and {min(len(x), len(y)) - 1}, not {k}")
    real_radius = nearest(x, x, k, same=True, block=block)[:, -1]
    generated_radius = nearest(y, y, k, same=True, block=block)[:, -1]

    scratch = Scratch()

    def of_rows(rows: slice) -> tuple[Any, ...]:
        in_real = xp.zeros_like(generated_radius)
        recalled = xp.zeros_like(real_radius[rows])
        covered = xp.zeros_like(real_radius[rows])
        for columns in row_slices(len(y), block):
            tile = scratch.squared_distances(x[rows], y[columns])
            inside = tile < real_radius[rows][:, None]
            in_real[columns] = inside.sum(0)
            covered += inside.any(1)
            recalled += (tile < generated_radius[columns]).any(1)
        return in_real, recalled > 0, covered > 0

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


def tail_loss(x: Matrix, y: Matrix, k: int = 5, tail: float = 0.2, *, block: int = BLOCK) -> float:
    """Share of the real tail that generated rows do not reach, 0 to 1.

    The tail are the `tail` of the real rows `x`, rounded up, whose k-th nearest other real row is
    farthest: where real text is rarest. A row is reached where a generated row of `y` is nearer
    than that: the coverage of Naeem et al. 2020 (arXiv 2002.09797), of the tail alone, from which
    model collapse starts (Shumailov et al. 2024, doi 10.1038/s41586-024-07566-y). Held-out real
    rows miss some as well: read it beside its noise floor. Raises ValueError if `x` has k rows or
    fewer, or `tail` is not in (0, 1].
    """
    x, y, _ = _pair(x, y)
    if not 1 <= k < len(x):
        raise ValueError(f"k must be between 1 and {len(x) - 1}, not {k}")
    if not 0 < tail <= 1:
        raise ValueError(f"tail must be above 0 and at most 1, not {tail}")
    radius = numpy_array(nearest(x, x, k, same=True, block=block))[:, -1]
    rare = np.argsort(-radius, kind="stable")[: math.ceil(tail * len(x))]
    reached = numpy_array(nearest(x[rare], y, 1, block=block))[:, 0]
    return float((reached >= radius[rare]).mean())


def c2st(x: Matrix, y: Matrix, seed: int = 0, folds: int = 5) -> float:
    """Classifier two-sample test: cross-validated AUC of real against generated; 0.5 is no shift.

    Lopez-Paz & Oquab 2017 (arXiv 1610.06545) with the area under the ROC curve: a standardised
    logistic regression is trained on folds - 1 parts and ranks the rest; the mean over the folds.
    It sees linear differences only. Raises ValueError if a set has fewer rows than folds.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if folds < 2:
        raise ValueError(f"folds must be at least 2, not {folds}")
    x, y, _ = _pair(x, y, folds)
    features = np.concatenate((numpy_array(x), numpy_array(y)))
    generated = np.repeat([0, 1], [len(x), len(y)])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    splits = StratifiedKFold(folds, shuffle=True, random_state=seed)
    with one_thread():
        scores = cross_val_score(model, features, generated, cv=splits, scoring="roc_auc")
    return float(scores.mean())


def nearest_real_distance(x: Matrix, y: Matrix, *, block: int = BLOCK) -> float:
    """Mean 1 - cosine from each generated row of `y` to its nearest real row of `x`, 0 to 2.

    A memorisation check: near 0, or far below the same from held-out real rows, generated texts
    repeat real ones. Rows are scaled to unit length here.
    """
    x, y = unit_rows(x, "x (real)"), unit_rows(y, "y (generated)")
    return float(neighbours(y, x, 1, block=block).mean() / 2)


def mauve(
    x: Matrix, y: Matrix, buckets: int | None = None, scaling: float = 5.0, seed: int = 0
) -> float:
    """MAUVE from features: area under the divergence curve, about 0.004 (apart) to 1 (equal).

    Pillutla et al. 2021 (arXiv 2102.01454): both sets are counted in `buckets` K-means clusters of
    their pool (default a tenth of the smaller set, at least 2); the curve runs through
    (exp(-c KL(Q|R)), exp(-c KL(P|R))) for mixtures R of P and Q, c = `scaling`. No PCA comes
    first. Unstable below some thousand rows: report buckets, seed and n, and compare seeds.
    """
    x, y, _ = _pair(x, y)
    if not 0 < scaling < math.inf:
        raise ValueError(f"scaling must be positive, not {scaling}")
    buckets = max(2, min(len(x), len(y)) // 10) if buckets is None else buckets
    pool = np.concatenate((numpy_array(x), numpy_array(y)))
    bucket = kmeans(pool, buckets, seed, "the pool").labels_
    p, q = (
        np.bincount(b, minlength=buckets) / len(b) for b in (bucket[: len(x)], bucket[len(x) :])
    )
    share = np.linspace(1e-6, 1 - 1e-6, 100)[:, None]
    mixture = share * p + (1 - share) * q
    horizontal = np.exp(-scaling * _divergence(q, mixture))
    vertical = np.exp(-scaling * _divergence(p, mixture))
    # From share 0 (R = Q) to 1 (R = P) the curve falls from (1, 0) to (0, 1).
    horizontal = np.concatenate(([1.0], horizontal, [0.0]))
    vertical = np.concatenate(([0.0], vertical, [1.0]))
    return float(-np.trapezoid(vertical, horizontal))


def _divergence(p: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Kullback-Leibler divergence in nats of p from each row of r, which is positive where p is."""
    held = p > 0
    return (p[held] * np.log(p[held] / r[:, held])).sum(1)


def total_variation(x: Iterable[Hashable], y: Iterable[Hashable]) -> float:
    """Half the summed difference between the shares of each value in two collections, 0 to 1."""
    p, q = _shares(x, "x (real)"), _shares(y, "y (generated)")
    return sum(abs(p.get(value, 0) - q.get(value, 0)) for value in p.keys() | q.keys()) / 2


def _shares(values: Iterable[Hashable], name: str) -> dict[Hashable, float]:
    counts = Counter(values)
    if not counts:
        raise ValueError(f"{name} is empty")
    return {value: count / counts.total() for value, count in counts.items()}


label_shift = total_variation


def ngram_jensen_shannon(x: Sequence[Text], y: Sequence[Text], n: int = 1) -> float:
    """Jensen-Shannon divergence in bits between the n-gram shares of two sets of texts, 0 to 1.

    Lin 1991; scipy.spatial.distance.jensenshannon is its square root. It never reaches 0 on two
    finite draws of one source: compare with the noise floor. Raises ValueError without n-grams.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}")
    p, q = _gram_counts(x, y, n)
    for name, counts in (("x (real)", p), ("y (generated)", q)):
        if not counts.sum():
            raise ValueError(f"the {n}-grams of {name} is empty")
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    total = 0.0
    for share in (p, q):
        held = share > 0
        total += float((share[held] * np.log2(share[held] / middle[held])).sum()) / 2
    return total


def _gram_counts(x: Sequence[Text], y: Sequence[Text], n: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each n-gram of two sets of texts occurs in the first and in the second."""
    cut = [words(text) for texts in (x, y) for text in texts]
    codes: dict[str, int] = {}
    flat = np.array([codes.setdefault(w, len(codes)) for w in chain.from_iterable(cut)], np.int64)
    lengths = np.array([len(tokens) for tokens in cut], np.int64)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(flat))
    made = np.repeat(np.arange(len(cut)) >= len(x), lengths)
    places = max(0, len(flat) - n + 1)
    grams = flat[:places]
    for k in range(1, n):
        # Numbered anew each time, so that a number never grows past what an integer holds.
        pairs = grams * len(codes) + flat[k : k + places]
        grams = np.unique(pairs, return_inverse=True)[1]
    held, made = left[:places] >= n, made[:places]
    kinds = int(grams.max(initial=-1)) + 1
    real, generated = (
        np.bincount(grams[held & side], minlength=kinds).astype(float) for side in (~made, made)
    )
    return real, generated


def length_shift(x: Sequence[Text], y: Sequence[Text]) -> float:
    """Kolmogorov-Smirnov distance between the lengths of texts in words, 0 to 1."""
    return length_shift_test(x, y)[0]


def length_shift_test(x: Sequence[Text], y: Sequence[Text]) -> tuple[float, float]:
    """Kolmogorov-Smirnov distance between lengths in words and its p-value (conservative: ties)."""
    from scipy.stats import ks_2samp

    lengths = [[len(words(text)) for text in texts] for texts in (x, y)]
    if not all(lengths):
        raise ValueError("x (real) and y (generated) must both hold texts")
    found = ks_2samp(*lengths)
    return float(found.statistic), float(found.pvalue)


def perplexity_gap(
    x_log_probs: Sequence[float],
    x_tokens: Sequence[int],
    y_log_probs: Sequence[float],
    y_tokens: Sequence[int],
) -> float:
    """Log-perplexity of generated less that of real text, in nats a token, under one model.

    The model must have learned from OTHER real text than x. One summed natural log-probability and
    one token count per text; from any language model, or from `NgramModel.log_probs`. Negative
    where generated text is more predictable than real text.
    """
    return _log_perplexity(y_log_probs, y_tokens, "y (generated)") - _log_perplexity(
        x_log_probs, x_tokens, "x (real)"
    )


def _log_perplexity(log_probs: Sequence[float], tokens: Sequence[int], name: str) -> float:
    logs, counts = np.asarray(log_probs, float), np.asarray(tokens, float)
    if logs.shape != counts.shape or logs.ndim != 1 or not counts.sum() > 0 or counts.min() < 0:
        raise ValueError(f"{name} needs a log-probability and a token count for each text")
    if not np.isfinite(logs).all() or (logs > 0).any():
        raise ValueError(f"{name} needs finite log-probabilities of at most 0")
    return float(-logs.sum() / counts.sum())


class NgramModel:
    """A small n-gram language model of words, for perplexity where no neural model is at hand.

    Interpolated absolute discounting (Ney, Essen & Kneser 1994): each order gives the discount of
    what it saw to the next shorter one, the last to a uniform spread over the vocabulary, the end
    of a text and one unknown word. Probabilities after any history sum to 1.
    """

    def __init__(self, texts: Sequence[Text], order: int = 3, discount: float = 0.75) -> None:
        if order < 1 or not 0 < discount < 1:
            raise ValueError(f"order must be at least 1 and 0 < discount < 1: {order}, {discount}")
        self.order, self.discount = order, discount
        # Numbers of words; the unknown one and what stands before a text come after them.
        self.codes: dict[str, int] = {"</s>": 0}
        cut = [words(text) for text in texts]
        for word in chain.from_iterable(cut):
            self.codes.setdefault(word, len(self.codes))
        if len(self.codes) < 2:
            raise ValueError("texts hold no words")
        self.base = len(self.codes) + 2
        places, _ = self._places(cut)
        # For each number of words before: the histories seen, how often and with how many
        # different next words, and the runs of a history and a next word with their counts.
        self.levels = []
        history = np.zeros(len(places[0]), np.int64)
        for back in range(order):
            histories, history = np.unique(
                history * self.base + places[back] if back else history, return_inverse=True
            )
            runs, counts = np.unique(history * self.base + places[0], return_counts=True)
            seen, kinds = np.bincount(history), np.bincount(runs // self.base)
            self.levels.append((histories, seen, kinds, runs, counts))

    def _places(self, texts: Sequence[Text]) -> tuple[list[np.ndarray], np.ndarray]:
        """Codes of all words to predict, of the words 1 ... order - 1 before; number in a text."""
        unknown, start = len(self.codes), [len(self.codes) + 1] * (self.order - 1)
        rows = [[*start, *(self.codes.get(w, unknown) for w in words(t)), 0] for t in texts]
        flat = np.fromiter(chain.from_iterable(rows), np.int64)
        tokens = np.array([len(row) - len(start) for row in rows], np.int64)
        at = np.arange(tokens.sum()) + np.repeat(np.arange(1, len(rows) + 1), tokens) * len(start)
        return [flat[at - back] for back in range(self.order)], tokens

    def _probabilities(self, places: Sequence[np.ndarray]) -> np.ndarray:
        p = np.full(len(places[0]), 1 / (self.levels[0][2][0] + 1))
        history = np.zeros(len(p), np.int64)
        for back, (histories, seen, kinds, runs, counts) in enumerate(self.levels):
            history = _find(histories, history, self.base, places[back] if back else None)
            run = _find(runs, history, self.base, places[0])
            own = np.where(run < 0, 0, np.maximum(counts[run] - self.discount, 0))
            longer = (own + self.discount * kinds[history] * p) / seen[history]
            p = np.where(history < 0, p, longer)
        return p

    def probability(self, history: tuple[str, ...], word: str) -> float:
        """Probability of a word, or of the end "</s>", after at most order - 1 words.

        "<s>" in the history stands for the place before a text.
        """
        codes = {**self.codes, "<s>": len(self.codes) + 1}
        given = [word, *reversed(history)]
        # -1 is found nowhere: there the history ends.
        places = [
            np.array([codes.get(given[back], len(self.codes)) if back < len(given) else -1])
            for back in range(self.order)
        ]
        return float(self._probabilities(places)[0])

    def log_probs(self, texts: Sequence[Text]) -> tuple[np.ndarray, np.ndarray]:
        """Summed natural log-probability and number of tokens, its end included, of each text."""
        places, tokens = self._places(texts)
        of_text = np.repeat(np.arange(len(texts)), tokens)
        logs = np.log(self._probabilities(places))
        return np.bincount(of_text, weights=logs, minlength=len(texts)), tokens


def _find(held: np.ndarray, history: np.ndarray, base: int, word: np.ndarray | None) -> np.ndarray:
    """Places in the sorted keys `held` of each history with a word before or after it, else -1."""
    keys = (
        history if word is None else np.where((history < 0) | (word < 0), -1, history * base + word)
    )
    at = np.searchsorted(held, keys).clip(max=len(held) - 1)
    return np.where(held[at] == keys, at, -1)
