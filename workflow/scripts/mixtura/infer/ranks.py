"""Whether two measures rank sets alike."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from mixtura.infer.differences import Difference


def rank_agreement(x: ArrayLike, y: ArrayLike, level: float = 0.95) -> Difference:
    """Spearman's correlation of x and y, both (sets,).

    Gives (rho, low, high, p_value); nan where either is constant. Raises ValueError for other
    shapes, missing values or fewer than 4 sets.

    Source: interval by Fisher's z with the variance of Bonett and Wright 2000.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.ndim != 1 or x.shape != y.shape or x.size < 4:
        raise ValueError(f"x and y must be (sets,) of 4 sets or more, not {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("missing or infinite values: keep the sets that are complete")
    if not np.ptp(x) or not np.ptp(y):
        return Difference(np.nan, np.nan, np.nan, np.nan)
    rho, p = stats.spearmanr(x, y)
    margin = stats.norm.ppf((1 + level) / 2) * np.sqrt((1 + rho**2 / 2) / (x.size - 3))
    with np.errstate(divide="ignore"):
        low, high = np.tanh(np.arctanh(rho) + margin * np.array([-1, 1]))
    return Difference(float(rho), float(low), float(high), float(p))
