"""Which measure orders the sets as the gain does?"""

from collections.abc import Iterator

import numpy as np
import polars as pl
from scipy import stats

from mixtura.infer.differences import Difference
from mixtura.infer.hypotheses.axes import known_in_all, widest
from mixtura.infer.hypotheses.cells import Cells, cells_of, over_replicates
from mixtura.infer.hypotheses.gains import SET, Gains, measures_of
from mixtura.infer.hypotheses.rows import (
    NOT_TESTABLE,
    HypothesisRow,
    estimated,
    not_testable,
    row_of,
)
from mixtura.infer.metrics import Array

SETS = 3  # of a source, the least that are ranked


def orders(gains: Gains, diversity: pl.DataFrame, shift: pl.DataFrame) -> Iterator[HypothesisRow]:
    """The rank correlation of every measure of a set with its gain, inside each source."""
    cells = cells_of(gains, [*SET, "source"])
    if (most := widest(cells.strata("source"))) < SETS:
        yield row_of("measures", cells, **not_testable(f"{SETS} sets of a source or more", most))
        return
    for kind, panel in (("diversity", diversity), ("shift", shift)):
        for name, table in measures_of(panel):
            x = cells.measured(table)
            known = known_in_all(x)
            some = cells.only(known)
            if widest(some.strata("source")) < SETS:
                continue
            scope = {"x": name, "method": "Spearman inside sources"}
            try:
                rho = rank_correlation(x[:, known], some)
            except ValueError as error:
                yield row_of("measures", some, **scope, verdict=NOT_TESTABLE, detail=str(error))
                continue
            value, low, high, p = over_replicates(rho, some)
            if low == high:
                low, high, p = by_chance(value, some)
            result = Difference(value, float(np.maximum(low, -1)), float(np.minimum(high, 1)), p)
            detail = f"measure of {kind}"
            columns = estimated(result, "Spearman's correlation")
            yield row_of("measures", some, **{"detail": detail} | scope | columns)


def rank_correlation(x: Array, cells: Cells) -> Array:
    """Spearman's correlation in each source, its mean by their sets: (replicates, 1 + resamples).

    Raises ValueError where the measure is constant in a source.
    """
    y, sources = cells.y, cells.strata("source")
    total, weight = np.zeros((y.shape[0], y.shape[2])), 0
    for source in np.unique(sources):
        here = sources == source
        if here.sum() < SETS:
            continue
        ranks = stats.rankdata(x[:, here], axis=1)
        of_gain = stats.rankdata(_spread_alike(y[:, here]), axis=1)
        ranks = ranks - ranks.mean(axis=1, keepdims=True)
        of_gain = of_gain - of_gain.mean(axis=1, keepdims=True)
        size = np.sqrt((ranks**2).sum(axis=1)[:, None] * (of_gain**2).sum(axis=1))
        if not (ranks**2).sum(axis=1).all():
            raise ValueError("the measure does not vary")
        products = np.einsum("rk,rkb->rb", ranks, of_gain)
        total += (here.sum() - 1) * np.divide(
            products, size, out=np.zeros_like(size), where=size > 0
        )
        weight += here.sum() - 1
    return total / weight


def by_chance(rho: float, cells: Cells, level: float = 0.95) -> tuple[float, float, float]:
    """Interval and p-value of a correlation that is the same in all replicates.

    Ranks of few sets have few correlations, so that equal ones are no proof of a spread of 0: it
    is taken to be that of ranks without order, 1 / (sets - 1) a replicate and source.
    """
    _, counts = np.unique(cells.strata("source"), return_counts=True)
    freedom = (counts[counts >= SETS] - 1).sum()
    error = 1 / np.sqrt(freedom * cells.replicates)
    reach = float(stats.norm.ppf((1 + level) / 2) * error)
    return rho - reach, rho + reach, float(2 * stats.norm.sf(abs(rho) / error))


def _spread_alike(y: Array) -> Array:
    """Gains (replicates, sets, 1 + resamples) whose resamples spread as the first, the gains, do.

    A resample has the noise of the test rows twice, its ranks follow the other sets less, and the
    rows would seem to move a correlation less than they do. So what resampling adds is put around
    gains that are drawn towards their mean.

    Source: the shrunken smoothed bootstrap, Silverman and Young 1987.
    """
    gains, moves = y[:, :, :1], y[:, :, 1:] - y[:, :, :1]
    gains = gains - gains.mean(axis=1, keepdims=True)
    noise, total = moves.var(axis=1).mean(), gains.var(axis=1).mean()
    drawn = np.sqrt(max(0.0, 1 - noise / total)) if total > 0 else 0.0
    return np.concatenate([gains, drawn * gains + moves], axis=2)
