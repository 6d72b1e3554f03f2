"""What estimates rest on before they become intervals and p-values.

Two things make a score uncertain: another seed would have drawn other real rows and another
training, and another test set would have held other items. All intervals count both.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from mixtura.infer.metrics import Array


class SeedScores(NamedTuple):
    """A statistic of seeds or replicates, on the test items and on resamples of them."""

    values: Array  # (seeds,)
    resampled: Array  # (seeds, resamples)
    items: int
    overlap: float = 0.0  # of folds, see `mixtura.infer.crossed.parts_of`


class Spread(NamedTuple):
    """An estimate and its variances; the first four are numbers, or arrays of one shape."""

    value: Any  # mean over seeds
    seed_variance: Any  # of one seed's value around that mean; nan with one seed
    item_noise: Any  # the part of `seed_variance` that items explain, other ones for each seed
    item_variance: Any  # of the mean, from the items, which hits all seeds alike
    seeds: int
    items: int


def spread_of(scores: SeedScores) -> Spread:
    """The mean over the seeds and its variances.

    Source: hierarchical bootstrap, Davison and Hinkley 1997 section 3.8.
    """
    values, seeds = scores.values, len(scores.values)
    covariance = np.atleast_2d(np.cov(scores.resampled))
    if seeds == 1:
        return Spread(values[0], np.nan, 0.0, covariance[0, 0], 1, scores.items)
    if scores.overlap:  # a fold has its own items: its value holds their noise
        variance = values.var(ddof=1) * (1 + seeds * scores.overlap)
        return Spread(values.mean(), variance, 0.0, 0.0, seeds, scores.items)
    # The diagonal also holds each seed's own noise on the items, which `seed_variance` has already.
    off_diagonal = (covariance.sum() - np.trace(covariance)) / (seeds * (seeds - 1))
    noise, shared = np.trace(covariance) / seeds - off_diagonal, np.maximum(off_diagonal, 0)
    return Spread(values.mean(), values.var(ddof=1), noise, shared, seeds, scores.items)


def standard_error(spread: Spread) -> tuple[Any, Any]:
    """Standard error of the mean over seeds and its degrees of freedom (Satterthwaite 1946)."""
    if spread.seeds == 1:
        return np.sqrt(spread.item_variance), spread.items - 1.0
    seed_freedom, item_freedom = spread.seeds - 1, spread.items - 1
    noise = spread.item_noise / spread.seeds
    variance = spread.seed_variance / spread.seeds + spread.item_variance
    # A few seeds that agree by chance would claim the many degrees of freedom of the items (or a
    # few arms those of the seeds). So the weight of either side is no less than the noise that
    # both hold, and raised by a factor that simulation chose (docs/statistics.md): without it 8 %
    # of the intervals miss at 3 seeds.
    of_seeds = np.maximum(spread.seed_variance / spread.seeds * (1 + 3 / seed_freedom), noise)
    of_items = (spread.item_variance + noise) * (1 + 3 / item_freedom)
    parts = of_seeds**2 / seed_freedom + of_items**2 / item_freedom
    divisor = np.where(parts > 0, parts, 1)
    total = of_seeds + of_items - noise
    return np.sqrt(variance), np.where(parts > 0, total**2 / divisor, seed_freedom)


def margin(spread: Spread, level: float) -> Any:
    """Half the width of the interval of this level. Raises ValueError outside 0 to 1."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    error, freedom = standard_error(spread)
    return stats.t.ppf((1 + level) / 2, freedom) * error


def p_value(spread: Spread, sign: int = 0) -> float:
    """Of no effect against any (sign 0), a positive (1) or a negative (-1) effect."""
    error, freedom = standard_error(spread)
    if error == 0:
        return float(spread.value == 0 if sign == 0 else spread.value * sign <= 0)
    t = spread.value / error
    return float(stats.t.sf(t * sign, freedom) if sign else 2 * stats.t.sf(abs(t), freedom))
