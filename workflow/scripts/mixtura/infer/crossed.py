"""Variances of means over replicates and test rows, two random effects that cross.

A replicate has its own real rows, generated text and trainings; a test row is hard or easy for
all of them. Comparisons with one baseline share its luck in every replicate.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from mixtura.infer.metrics import Array

# Simulation chose it (docs/statistics.md): comparisons are never taken for more alike than this.
MOST_LENT = 6.0


@dataclass(frozen=True)
class Parts:
    """What the variances of the means of K comparisons are made of."""

    mean: Array  # (K,)
    common: Array  # (K,) from the replicates, what all comparisons have in common
    specific: Array  # (K,) from the replicates, what each has alone
    rows: Array  # (K,) from the test rows, without what `common` and `specific` hold already
    correlation: Array  # (K, K) of the test rows' part
    freedom: float  # degrees of freedom of `common`: replicates - 1; 0 for one replicate
    specific_freedom: float
    row_freedom: float

    @property
    def error(self) -> Array:
        """Standard errors, (K,)."""
        error: Array = np.sqrt(self.common + self.specific + self.rows)
        return error


def parts_of(
    means: Array, influence: Array, sets: Array, short: Array, overlap: float = 0.0
) -> Parts:
    """The parts for means (units, K), nan where a comparison lacks a unit.

    A unit is a replicate; in a study of one replicate it is a training. influence is (units, K,
    groups of test rows), as `mixtura.infer.influence` has it. sets (K,) are codes of the generated
    set that a comparison draws on; short (K,) is whether it lacks trainings that its peers have.
    A comparison that lacks units or trainings has the variance of the widest complete peer, more
    for each lacking unit: chance never makes it look surer than its peers.

    overlap is test rows over training rows where units are folds. Their means vary by test rows
    too, and agree because their training rows are mostly the same: the variance of the mean of J
    is (1 / J + overlap) times that of one.

    Source: two-way analysis of variance, Searle, Casella and McCulloch 1992, chapter 4; crossed
    effects of replicates and rows, Owen 2007; specific variances drawn together, Smyth 2004
    (equations 4 to 10); folds, Nadeau and Bengio 2003 (corrected resampled t), for repeated ones
    Bouckaert and Frank 2004.
    """
    present = ~np.isnan(means)
    units = present[:, np.argmax(present.sum(axis=0) - 0.5 * short)]
    complete = present[units].all(axis=0)
    if (complete & ~short).any():
        complete &= ~short
    count, groups = int(units.sum()), influence.shape[-1]
    widths = np.sqrt(count / np.minimum(present.sum(axis=0), count))
    y = means[units][:, complete]
    row = np.nanmean(influence, axis=0)
    covariance = row @ row.T / (groups * (groups - 1))
    rows = np.diag(covariance).copy()
    common, specific, freedom, specific_freedom = 0.0, np.zeros(y.shape[1]), 0.0, 1.0
    if count > 1:
        common, specific, specific_freedom = _replicate_parts(y, sets[complete])
        common, specific = common * (1 + count * overlap), specific * (1 + count * overlap)
        freedom = count - 1.0
        cross = influence[units][:, complete] - row[complete]
        both = (cross**2).sum(axis=(0, 2)) / ((count - 1) * (groups - 1) * count * groups)
        # What both parts hold counts once, and the sum is never below the larger of the two.
        rows[complete] -= np.minimum(np.minimum(both, common + specific), rows[complete])
    every = np.full(means.shape[1], specific.max(initial=0.0))
    every[complete] = specific
    rows[~complete] = np.maximum(rows[~complete], rows[complete].max())
    scale = np.sqrt(np.diag(covariance))
    scale[scale == 0] = 1
    return Parts(
        np.nanmean(means, axis=0),
        common * widths**2,
        every * widths**2,
        rows,
        covariance / np.outer(scale, scale),
        *(freedom, specific_freedom, groups - 1.0),
    )


def _replicate_parts(y: Array, sets: Array) -> tuple[float, Array, float]:
    """Of means over y (units, K): common and specific variances, and the freedom of the latter."""
    units, count = y.shape
    by_unit = y.mean(axis=1)
    common = by_unit.var(ddof=1)  # the mean square of units / K
    if count == 1:
        return common / units, np.zeros(1), 1.0
    residuals = y - y.mean(axis=0) - (by_unit - y.mean())[:, None]
    variances = (residuals**2).sum(axis=0) / (units - 1) * count / (count - 1)
    lent = _lent(variances, units - 1)
    variances = (lent * variances.mean() + (units - 1) * variances) / (lent + units - 1)
    # Mixes of one generated set share its luck: sets, not mixes, are independent.
    independent = max(len(np.unique(sets)), 2) - 1
    freedom = min(independent * (units - 1), lent + units - 1)
    # What all have in common holds the mean of the specific parts already.
    specific = variances - np.minimum(variances, variances.mean()) / count
    return common / units, specific / units, freedom


def _lent(variances: Array, freedom: int) -> float:
    """Degrees of freedom that comparisons lend each other: the more, the more alike they are."""
    if len(variances) < 3 or np.median(variances) == 0:
        return MOST_LENT
    logs = np.log(np.maximum(variances, 1e-5 * np.median(variances)))
    excess = logs.var(ddof=1) - special.polygamma(1, freedom / 2)
    if excess <= special.polygamma(1, MOST_LENT / 2):
        return MOST_LENT
    from scipy import optimize  # slow to import, and every plan imports this module

    half = optimize.brentq(lambda at: special.polygamma(1, at) - excess, 1e-4, MOST_LENT)
    return 2 * float(half)
