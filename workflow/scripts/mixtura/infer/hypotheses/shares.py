"""H5: does the best share of generated rows move with diversity?"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from mixtura.infer.hypotheses.axes import LEVEL, axes
from mixtura.infer.hypotheses.cells import Cells, cells_of, over_replicates
from mixtura.infer.hypotheses.gains import SET, Gains
from mixtura.infer.hypotheses.rows import (
    NOT_TESTABLE,
    HypothesisRow,
    estimated,
    not_testable,
    row_of,
)
from mixtura.infer.metrics import Array


def best_shares(gains: Gains, diversity: pl.DataFrame) -> Iterator[HypothesisRow]:
    """How far the share at which the gain peaks moves per level, and per unit of diversity."""
    cells = cells_of(gains, [*SET, "step", "source", "share"])
    strata = cells.strata(*SET)
    curves = cells.only(np.bincount(strata, minlength=1)[strata] > 1) if cells.count else cells
    levels = curves.at["step"].n_unique()
    if levels < 2:
        lacking = not_testable("2 levels with 2 shares or more each", levels)
        yield row_of("H5", cells, x=f"{LEVEL} x share", **lacking)
        return
    for name, x, some in axes(curves, diversity):
        try:
            movement, peaks = peak_movement(x, some)
        except ValueError as error:
            yield row_of("H5", some, x=f"{name} x share", verdict=NOT_TESTABLE, detail=str(error))
            continue
        unit = "level" if name == LEVEL else f"unit of {name}"
        columns = estimated(
            over_replicates(movement, some), f"movement of the best share per {unit}"
        )
        columns["detail"] = peaks
        yield row_of("H5", some, x=f"{name} x share", method="movement of the peak", **columns)


def peak_movement(x: Array, cells: Cells) -> tuple[Array, str]:
    """The movement of the peak per unit of x: (replicates, 1 + resamples), and peaks in words.

    The gain of a set over shares s is fitted as a s - c s^2 / 2 (none at share 0, which is the
    baseline), so that its peak is a / c. Peaks m + b x with one m for each source solve
    sum (a - c (m + b x)) = 0 and sum x (a - c (m + b x)) = 0: peaks weighted by how sharp they are,
    no division by the curvature of a set. Levels that gain more or less at the same best share move
    nothing. Every replicate has its part in the solution. Raises ValueError where the curves do not
    bend down.

    Source: estimating equations and their linear parts by cluster, Liang and Zeger 1986.
    """
    strata = cells.strata(*SET)
    share = cells.at["share"].to_numpy()
    sets = np.unique(strata)
    rise, bend = np.zeros((2, sets.size, cells.count))  # a and c of a set, as weights of gains
    at, source = np.empty(sets.size), np.empty(sets.size, dtype=int)
    names = []
    for place, number in enumerate(sets):
        here = strata == number
        fit = np.linalg.pinv(np.column_stack([share[here], -(share[here] ** 2) / 2]))
        rise[place, here], bend[place, here] = fit
        at[place] = x[:, here].mean()
        source[place] = cells.strata("source")[here][0]
        names.append(
            " ".join(cells.at.row(int(np.flatnonzero(here)[0]), named=True)[k] for k in SET)
        )
    y = cells.y
    mean = y[:, :, 0].mean(axis=0)
    a, c = rise @ mean, bend @ mean
    weights, means = np.empty_like(at), np.empty_like(at)
    for number in np.unique(source):
        here = source == number
        if c[here].sum() <= 0:
            raise ValueError("the gain does not bend down over the share: no best one inside")
        weights[here] = at[here] - (c[here] * at[here]).sum() / c[here].sum()
    size = (c * weights**2).sum()
    if size <= 0 or not np.ptp(at):
        raise ValueError("the gain does not bend down over the share: no best one inside")
    movement = (weights * a).sum() / size
    for number in np.unique(source):
        here = source == number
        means[here] = (a - c * movement * at)[here].sum() / c[here].sum()
    peak = means + movement * at
    parts = weights @ (rise - peak[:, None] * bend) / size  # (cells,)
    words = ", ".join(f"{name} {best:.0%}" for name, best in zip(names, peak, strict=True))
    return movement + np.einsum("k,rkb->rb", parts, y), f"fitted best share: {words}"
