"""Intervals and p-values of comparisons, one by one and together."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mixtura.infer.crossed import Parts
from mixtura.infer.metrics import Array

DRAWS = 10_000
POWER = 0.8


@dataclass(frozen=True)
class Inference:
    """What K comparisons show; p-values are nan where no two trainings differ."""

    margin: Array  # (K,) half the width of the interval of one comparison alone
    margin_together: Array  # (K,) the same, so that all intervals hold together
    p_value: Array  # (K,) of one comparison alone
    p_simultaneous: Array  # (K,) agrees with `margin_together`
    p_step_down: Array  # (K,) of all comparisons, no larger than `p_simultaneous`
    detectable: Array  # (K,) smallest true difference that `margin_together` shows with POWER


def infer(
    parts: Parts,
    level: float,
    together: float,
    rng: np.random.Generator,
    draws: int = DRAWS,
    of_rows: bool = False,
) -> Inference:
    """Intervals of `level` one by one and of `together` for all, and the p-values that match.

    Every variance is drawn from what its mean square leaves open, then the errors of the means:
    few replicates that agree by chance do not make an interval short. `of_rows`: test rows alone
    are evidence enough for p-values. Raises ValueError for levels outside 0 to 1.

    Source: max-|t| over comparisons, Westfall and Young 1993; errors with several estimated
    variances, the Behrens-Fisher distribution, Fisher 1935 (conservative: Robinson 1976).
    """
    if not (0 < level < 1 and 0 < together < 1):
        raise ValueError(f"levels must lie between 0 and 1, not {level} and {together}")
    error = parts.error
    scale = np.where(error > 0, error, 1)
    t = _errors(parts, draws, rng) / scale.astype(np.float32)
    size = np.abs(t)
    largest = size.max(axis=1)
    alone = np.quantile(size, level, axis=0)
    width = np.quantile(largest, together)
    observed = np.abs(parts.mean) / scale
    observed[(error == 0) & (parts.mean != 0)] = np.inf
    p = np.full((3, len(error)), np.nan)
    evidence = parts.freedom or of_rows
    if evidence:
        order = np.argsort(-observed)
        rest = np.maximum.accumulate(size[:, order[::-1]], axis=1)[:, ::-1]
        step = np.maximum.accumulate(_share(rest >= observed[order]))
        p = np.stack([_share(size >= observed), _share(largest[:, None] >= observed), 0 * error])
        p[2, order] = step
    needed: Array = (width + np.quantile(t, POWER, axis=0)) * error
    detectable = needed if evidence else np.full(len(error), np.nan)
    return Inference(alone * error, width * error, p[0], p[1], p[2], detectable)


def margin_alone(parts: Parts, level: float) -> Array:
    """Half the widths of intervals of single means, (K,): what they share does not matter."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    of_units, of_rows = _standard_errors(parts.freedom, parts.row_freedom)
    variances = parts.common + parts.specific
    draws = of_units[:, None] * np.sqrt(variances) + of_rows[:, None] * np.sqrt(parts.rows)
    margin: Array = np.quantile(np.abs(draws), level, axis=0)
    return margin


@lru_cache(maxsize=32)
def _standard_errors(freedom: float, row_freedom: float) -> tuple[Array, Array]:
    """Draws of t, (draws,), for the part of the replicates and for that of the test rows."""
    rng = np.random.default_rng(0)
    units = rng.standard_t(freedom, DRAWS) if freedom else np.zeros(DRAWS)
    return units.astype(np.float32), rng.standard_t(row_freedom, DRAWS).astype(np.float32)


def _errors(parts: Parts, draws: int, rng: np.random.Generator) -> Array:
    """Draws of the errors of the means, (draws, K)."""
    count = len(parts.mean)

    def normals(columns: int) -> Array:
        return rng.standard_normal((draws, columns), dtype=np.float32)

    def scales(freedom: float, columns: int) -> Array:
        """Estimated over true standard deviation."""
        gamma = rng.standard_gamma(freedom / 2, (draws, columns), dtype=np.float32)
        scales: Array = np.sqrt(np.maximum(gamma * np.float32(2 / freedom), 1e-12))
        return scales

    values, vectors = np.linalg.eigh(parts.correlation)
    root = vectors * np.sqrt(np.maximum(values, 0))
    errors = normals(count) @ (root.T * np.sqrt(parts.rows)).astype(np.float32)
    errors /= scales(parts.row_freedom, 1)
    if parts.freedom:
        common = normals(1) / scales(parts.freedom, 1)
        errors += common * np.sqrt(parts.common).astype(np.float32)
    if parts.freedom and count > 1:
        specific = normals(count) / np.float32(np.sqrt(1 - 1 / count))
        specific -= specific.mean(axis=1, keepdims=True)
        specific /= scales(parts.specific_freedom, count)
        errors += specific * np.sqrt(parts.specific).astype(np.float32)
    return np.asarray(errors)


def _share(passes: Array) -> Array:
    """Share of the draws, (K,), never 0: the observed value is one of them."""
    share: Array = (1.0 + passes.sum(axis=0)) / (1 + len(passes))
    return share
