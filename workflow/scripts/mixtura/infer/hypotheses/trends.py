"""The first question: does the gain rise or fall with diversity?"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from mixtura.infer.hypotheses.axes import LEVEL, axes, widest
from mixtura.infer.hypotheses.cells import Cells, cells_of, over_replicates, slope
from mixtura.infer.hypotheses.gains import SET, Gains
from mixtura.infer.hypotheses.rows import (
    NOT_TESTABLE,
    HypothesisRow,
    estimated,
    not_testable,
    row_of,
)
from mixtura.infer.metrics import Array


def trends(gains: Gains, diversity: pl.DataFrame) -> Iterator[HypothesisRow]:
    """The slope of the gain on the level and on the measured diversity, inside each source."""
    cells = cells_of(gains, [*SET, "step", "source"])
    if widest(cells.strata("source")) < 2:
        lacking = not_testable("2 levels of a source or more", widest(cells.strata("source")))
        yield row_of("trend", cells, x=LEVEL, **lacking)
        return
    for name, x, some in axes(cells, diversity):
        yield _trend(name, x, some)
        sources = some.strata("source")
        for source in np.unique(sources) if np.ptp(sources) else ():
            here = sources == source
            if here.sum() > 1:
                yield _trend(name, x[:, here], some.only(here), tested=False)


def _trend(name: str, x: Array, cells: Cells, tested: bool = True) -> HypothesisRow:
    unit = "level" if name == LEVEL else f"unit of {name}"
    try:
        result = over_replicates(slope(x, cells.y, cells.strata("source")), cells)
    except ValueError as error:
        return row_of("trend", cells, x=name, verdict=NOT_TESTABLE, detail=str(error))
    columns = estimated(result, f"gain per {unit}", tested=tested)
    return row_of("trend", cells, x=name, method="slope", **columns)
