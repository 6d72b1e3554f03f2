"""H3: does text that is further from real text gain less, at the same level?"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from mixtura.infer.hypotheses.axes import known_in_all, widest
from mixtura.infer.hypotheses.cells import Cells, cells_of, indicators, over_replicates, weights_of
from mixtura.infer.hypotheses.gains import SET, Gains, measures_of
from mixtura.infer.hypotheses.rows import (
    NOT_TESTABLE,
    HypothesisRow,
    estimated,
    not_testable,
    row_of,
)
from mixtura.infer.metrics import Array

LEVELS = 5  # of a source: its height, its curve over the level, the slope, and something left


def gains_by_shift(gains: Gains, shift: pl.DataFrame) -> Iterator[HypothesisRow]:
    """The slope of the gain on each shift, with level and its square held inside each source.

    What is left of the shift is what level, generator and pipeline do not say. The first measure
    of the panel is tested, the others stand beside it.
    """
    cells = cells_of(gains, [*SET, "step", "source"])
    sources = cells.strata("source")
    size = np.bincount(sources, minlength=1)[sources] if cells.count else sources
    if (most := widest(sources)) < LEVELS:
        lacking = not_testable(f"{LEVELS} levels of a source or more", most)
        yield row_of("H3", cells, x="shift", **lacking)
        return
    for place, (name, table) in enumerate(measures_of(shift)):
        x = cells.measured(table)
        known = known_in_all(x) & (size >= LEVELS)
        some = cells.only(known)
        if widest(some.strata("source")) < LEVELS:
            continue
        try:
            result = over_replicates(_slopes(x[:, known], some), some)
        except ValueError as error:
            yield row_of("H3", some, x=name, verdict=NOT_TESTABLE, detail=str(error))
            continue
        columns = estimated(result, "gain per unit of shift, level held", -1, tested=not place)
        yield row_of("H3", some, x=name, method="slope beside level and its square", **columns)


def _slopes(x: Array, cells: Cells) -> Array:
    """The slope on x (replicates, cells) in each replicate: (replicates, 1 + resamples)."""
    strata = indicators(cells.strata("source"), cells.replicates)
    level = cells.designed("step")[..., None]
    level = level - level.mean()
    held = np.concatenate([strata, strata * level, strata * level**2, x[..., None]], axis=-1)
    slopes: Array = np.einsum("rk,rkb->rb", weights_of(held), cells.y)
    return slopes
