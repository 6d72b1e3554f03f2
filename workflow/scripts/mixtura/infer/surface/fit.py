"""The surface of the gain over diversity and generated rows, at one number of real rows."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from mixtura.infer.metrics import Array
from mixtura.infer.surface.basis import DIVERSITY, Basis, amount_of, basis_of
from mixtura.infer.surface.best import may_be_best, varies
from mixtura.infer.surface.covariance import covariance_of, of_units, with_units
from mixtura.infer.surface.posterior import Posterior, posterior_of

STEPS = 15  # points of a grid along a covariate that varied


@dataclass(frozen=True)
class FittedSurface:
    """The gain over what was tried, and of every tried mix; all in the metric's unit."""

    observed: Array  # (K,) mean gains as they are
    covariates: Array  # (K, 2) diversity, amount
    basis: Basis
    posterior: Posterior
    common: Array  # (K, K) covariance of gains in one replicate: what mixes share
    alone: Array  # (K, K) what each has alone
    errors: Array  # (K, K) covariance of the mean gains
    level: float

    @cached_property
    def gains(self) -> Array:
        """Gains of the mixes (K,), drawn towards the surface."""
        return np.asarray(self.posterior.mixes.mean(axis=0))

    @cached_property
    def ends(self) -> Array:
        """Ends of their intervals, (2, K)."""
        return self.interval(self.posterior.mixes)

    def interval(self, draws: Array) -> Array:
        """Ends of the interval of every column of draws (draws, ...): (2, ...)."""
        return np.asarray(np.quantile(draws, self.tails, axis=0))

    @property
    def tails(self) -> tuple[float, float]:
        """Probabilities at the ends of an interval."""
        return (1 - self.level) / 2, (1 + self.level) / 2

    @property
    def recommended(self) -> int:
        """The place of the mix with the largest gain."""
        return int(np.argmax(self.gains))

    def smooth(self, covariates: Array) -> Array:
        """Draws of the smooth part at covariates (points, 2): (draws, points)."""
        return np.asarray(self.posterior.coefficients @ self.basis.at(covariates).T)

    @property
    def grid(self) -> Array:
        """Points (points, 2) over the diversity and amounts that were tried."""
        lines = [
            np.linspace(low, high, STEPS if high > low else 1)
            for low, high in zip(self.basis.low, self.basis.high, strict=True)
        ]
        return np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, 2)

    def best(self) -> tuple[Array, Array]:
        """Which tried mixes may be the best, (K,), and which points of the grid.

        A point is left out where another point or a tried mix is better for sure. So the grid has
        the joint region of the optimum, unless one mix stands out.
        """
        points, mixes = self.grid, self.posterior.mixes
        some = slice(None, None, max(1, len(mixes) // 1000))
        both = np.column_stack([self.smooth(points)[some], mixes[some]])
        region = may_be_best(both, self.level)[: len(points)]
        return may_be_best(mixes, self.level), region

    @cached_property
    def shape(self) -> bool:
        """Whether the gain is shown to change with diversity."""
        if DIVERSITY not in self.basis.effects:
            return False
        middle = (self.basis.low + self.basis.high) / 2
        line = np.tile(middle, (STEPS, 1))
        line[:, 0] = np.linspace(self.basis.low[0], self.basis.high[0], STEPS)
        return varies(self.smooth(line), self.level)


def fit_surface(
    gains: ArrayLike,
    diversity: ArrayLike,
    generated: ArrayLike,
    real: ArrayLike,
    *,
    alone: ArrayLike | None = None,
    sets: ArrayLike | None = None,
    baselines: ArrayLike | None = None,
    influence: ArrayLike | None = None,
    short: ArrayLike | None = None,
    overlap: float = 0.0,
    chosen: ArrayLike | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> FittedSurface:
    """Fit the gains (replicates, K) of K mixes over real data alone; nan where one is missing.

    All others are (K,): the diversity of the text, a level or a measure, in any unit in which equal
    steps matter alike (a logarithm of Vendi's score); rows that are generated, and real ones;
    `alone`, real rows of what the gain is over (default: as many as the mix has), one number for
    all: how a gain changes with them is not known to be alike for two mixes; `sets` and
    `baselines`, names of the generated set and of what the gain is over (default: sets by
    diversity, one baseline); influence (replicates, K, groups of test rows) as
    `mixtura.infer.influence` has it (default: none, so that intervals hold for these test rows);
    `short` marks mixes that lack trainings, `overlap` is that of
    `mixtura.infer.crossed.parts_of`; `chosen` (replicates,) marks those that some mixes alone have,
    whose gains enter by generalised least squares. Rows are added where all mixes have the real
    rows of their baseline, else they take their place, and the amount is their share.

    Raises ValueError for other shapes, missing or negative numbers, and fewer than 2 replicates
    without influence.
    """
    y = np.asarray(gains, dtype=float)
    x, rows, labelled = (np.asarray(v, dtype=float) for v in (diversity, generated, real))
    count = y.shape[-1] if y.ndim == 2 else -1
    over = labelled if alone is None else np.asarray(alone, dtype=float)
    if any(values.shape != (count,) for values in (x, rows, labelled, over)) or not count:
        raise ValueError("gains must be (replicates, K), diversity, generated and real (K,)")
    if not all(np.isfinite(values).all() for values in (x, rows, labelled, over)):
        raise ValueError("diversity, generated and real must have no missing numbers")
    if (rows <= 0).any() or (labelled < 0).any() or (over <= 0).any():
        raise ValueError("every mix needs generated rows, and real ones to be compared with")
    if (over != over[0]).any():
        raise ValueError("gains over several numbers of real rows: fit each number by itself")
    if not np.isfinite(y).any(axis=0).all():
        raise ValueError("every mix needs a gain in one replicate or more")
    if influence is None and len(y) < 2:
        raise ValueError("gains of 2 replicates or more, or the influence of test rows")
    added = bool((labelled == over).all())
    codes = [
        np.unique(default if names is None else np.asarray(names), return_inverse=True)[1]
        for names, default in ((sets, x), (baselines, over))
    ]
    moved = np.zeros((*y.shape, 2)) if influence is None else np.asarray(influence, dtype=float)
    lacking = np.zeros(count, dtype=bool) if short is None else np.asarray(short, dtype=bool)
    some = np.zeros(len(y), dtype=bool) if chosen is None else np.asarray(chosen, dtype=bool)
    first = y[~some], moved[~some]
    covariance = covariance_of(*first, lacking, codes[0], codes[1], overlap)
    observed = np.nanmean(first[0], axis=0)
    common, alone = of_units(covariance, np.isfinite(first[0]).sum(axis=0))
    if some.any():
        observed, covariance = with_units(y, some, common, alone, covariance)
    covariates = np.column_stack([x, amount_of(rows, labelled, added)])
    basis = basis_of(covariates)
    rng = np.random.default_rng(seed)
    smooth, several = basis.at(covariates), len(np.unique(codes[0]))
    posterior = posterior_of(observed, covariance, smooth, basis.effects, several, rng)
    return FittedSurface(
        observed, covariates, basis, posterior, common, alone, covariance.total, level
    )
