"""MAUVE: area under a divergence curve over clusters."""

import math

import numpy as np

from mixtura.measure.blocks import Matrix, numpy_array
from mixtura.measure.clusters import kmeans
from mixtura.measure.shift.pair import pair


def mauve(
    x: Matrix, y: Matrix, buckets: int | None = None, scaling: float = 5.0, seed: int = 0
) -> float:
    """MAUVE from features: area under the divergence curve, about 0.004 (apart) to 1 (equal).

    Pillutla et al. 2021 (arXiv 2102.01454): both sets are counted in `buckets` K-means clusters of
    their pool (default a tenth of the smaller set, at least 2); the curve runs through
    (exp(-c KL(Q|R)), exp(-c KL(P|R))) for mixtures R of P and Q, c = `scaling`. No PCA comes
    first. Unstable below some thousand rows: report buckets, seed and n, and compare seeds.
    """
    x, y, _ = pair(x, y)
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
    positive = p > 0
    divergence: np.ndarray = (p[positive] * np.log(p[positive] / r[:, positive])).sum(1)
    return divergence
