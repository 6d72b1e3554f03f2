"""Places that gains are averaged in, and statistics of them over replicates."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from mixtura.infer.differences import Difference
from mixtura.infer.hypotheses.gains import Gains
from mixtura.infer.metrics import Array
from mixtura.infer.spread import SeedScores, Spread, margin, p_value, spread_of


@dataclass(frozen=True)
class Cells:
    """Comparisons averaged by their properties: a row of `at` each.

    members is (cells, comparisons), the weights of the comparisons in their cell.
    """

    at: pl.DataFrame
    gains: Gains
    members: Array

    @property
    def count(self) -> int:
        """Number of cells."""
        return self.at.height

    @property
    def replicates(self) -> int:
        """Number of replicates."""
        return len(self.gains.replicates)

    @property
    def y(self) -> Array:
        """Gains on all test rows: (replicates, cells, 1 + resamples)."""
        y: Array = np.einsum("kn,rnb->rkb", self.members, self.gains.y[:, :, 0])
        return y

    @property
    def halves(self) -> Array:
        """Gains on either half of the test rows: (2, replicates, cells, 1 + resamples)."""
        halves: Array = np.einsum("kn,rnhb->hrkb", self.members, self.gains.y[:, :, 1:])
        return halves

    def measured(self, measure: pl.DataFrame) -> Array:
        """A measure of the text of the cells, (replicates, cells); nan where there is none."""
        return self.gains.measured(measure) @ self.members.T

    def designed(self, column: str) -> Array:
        """A property of the cells, the same in all replicates: (replicates, cells)."""
        values = self.at[column].cast(pl.Float64).to_numpy()
        return np.tile(values, (self.replicates, 1))

    def strata(self, *columns: str) -> Array:
        """The number of every cell's stratum: its values in these columns. (cells,)."""
        return self.at.select(pl.struct(columns).rank("dense") - 1).to_series().to_numpy()

    def only(self, mask: Array) -> "Cells":
        """Some of the cells; mask is (cells,)."""
        return Cells(
            self.at.filter(pl.Series(mask)),
            self.gains,
            self.members[mask],
        )


def cells_of(gains: Gains, by: list[str]) -> Cells:
    """The cells of equal properties, of the comparisons that every replicate has.

    An arm that several designs share counts once in a cell.
    """
    complete: Array = np.asarray(np.isfinite(gains.y[:, :, :, 0]).all(axis=(0, 2)))
    keys = list(dict.fromkeys([*by, "model", "arm"]))
    rows = gains.at.with_row_index("_place").filter(complete)
    rows = rows.unique(keys, keep="first", maintain_order=True)
    at = rows.group_by(by).agg("_place").sort(by)
    members = np.zeros((at.height, gains.at.height))
    for weights, places in zip(members, at["_place"], strict=True):
        weights[places.to_numpy()] = 1 / len(places)
    held = members.any(axis=0)
    some = gains.only(pl.lit(pl.Series(held, dtype=pl.Boolean)))
    return Cells(at.drop("_place"), some, members[:, held])


def weights_of(covariates: Array) -> Array:
    """Weights (replicates, cells) whose sum with y is the last coefficient of y on covariates.

    covariates is (replicates, cells, k). Raises ValueError where the last one does not vary beside
    the others.

    Source: ordinary least squares.
    """
    held, x = covariates[..., :-1], covariates[..., -1]
    residuals = np.empty_like(x)
    for place, (columns, values) in enumerate(zip(held, x, strict=True)):
        fit = np.linalg.lstsq(columns, values)[0]
        residuals[place] = values - columns @ fit
    size = (residuals**2).sum(axis=1, keepdims=True)
    if (size <= 1e-18 * np.maximum((x**2).sum(axis=1, keepdims=True), 1e-300)).any():
        raise ValueError("x does not vary beside what is held")
    weights: Array = residuals / size
    return weights


def indicators(strata: Array, replicates: int) -> Array:
    """A column of 0 and 1 for each stratum: (replicates, cells, strata)."""
    columns = (strata[:, None] == np.unique(strata)).astype(float)
    return np.tile(columns, (replicates, 1, 1))


def slope(x: Array, y: Array, strata: Array) -> Array:
    """Slope of y (replicates, cells, ...) on x (replicates, cells), each stratum at its own height.

    Gives (replicates, ...). Raises ValueError where x does not vary inside a stratum.
    """
    covariates = np.concatenate([indicators(strata, len(x)), x[..., None]], axis=-1)
    slopes: Array = np.einsum("rk,rk...->r...", weights_of(covariates), y)
    return slopes


def spread_over_replicates(statistic: Array, cells: Cells) -> Spread:
    """What the mean over replicates of a statistic, (replicates, 1 + resamples), rests on."""
    gains = cells.gains
    return spread_of(SeedScores(statistic[:, 0], statistic[:, 1:], gains.groups, gains.overlap))


def over_replicates(statistic: Array, cells: Cells, level: float = 0.95) -> Difference:
    """The mean over replicates with interval and two-sided p-value; nan for one replicate.

    Replicates have draws, pools and trainings of their own and share the test rows, so that the
    variance is that over replicates and the covariance that the rows give them.
    """
    spread = spread_over_replicates(statistic, cells)
    value = float(spread.value)
    if cells.replicates == 1:
        return Difference(value, np.nan, np.nan, np.nan)
    half = float(margin(spread, level))
    return Difference(value, value - half, value + half, p_value(spread))
