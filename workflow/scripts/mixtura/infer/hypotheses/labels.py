"""H4: does the gain shrink as real labels get more?"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from mixtura.infer.hypotheses.cells import cells_of, over_replicates, slope
from mixtura.infer.hypotheses.gains import SET, Gains
from mixtura.infer.hypotheses.rows import HypothesisRow, estimated, not_testable, row_of


def gains_by_labels(gains: Gains) -> Iterator[HypothesisRow]:
    """The slope of the gain on the logarithm of the real rows, at equal generated rows of a set.

    Mixes of all designs that put generated rows beside real ones count. A mix that grows with its
    real rows (mix-add at one ratio) says nothing: there generated rows grow too.
    """
    beside = gains.only((pl.col("n_real") > 0) & (pl.col("design") != "mix-fixed"))
    cells = cells_of(beside, [*SET, "source", "n_generated", "n_real"])
    strata = cells.strata(*SET, "n_generated")
    several = np.bincount(strata, minlength=1)[strata] > 1 if cells.count else strata.astype(bool)
    some = cells.only(several)
    x = "real rows"
    if not some.count:
        present = f"numbers of real rows {sorted(set(cells.at['n_real']))}, none of them shared"
        lacking = not_testable("equal generated rows beside 2 numbers of real rows", present)
        yield row_of("H4", cells, x=x, **lacking)
        return
    slopes = slope(np.log10(some.designed("n_real")), some.y, strata[several])
    quantity = "change of the gain for ten times the real rows, generated rows held"
    columns = estimated(over_replicates(slopes, some), quantity, -1)
    yield row_of("H4", some, x=x, method="slope", **columns)
