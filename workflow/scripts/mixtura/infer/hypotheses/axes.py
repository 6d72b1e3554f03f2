"""What gains are set against: the designed level, and the measured diversity of the text."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from mixtura.infer.hypotheses.cells import Cells
from mixtura.infer.hypotheses.gains import measures_of
from mixtura.infer.metrics import Array

LEVEL = "level"


def axes(cells: Cells, diversity: pl.DataFrame) -> Iterator[tuple[str, Array, Cells]]:
    """The name of an axis, x (replicates, cells), and the cells that have it: level, diversity.

    Diversity is Vendi's score of order 1 where it is measured, as a logarithm (it is a number of
    kinds of text), else the first measure of the panel.
    """
    yield LEVEL, cells.designed("step"), cells
    named = list(measures_of(diversity)) if diversity.height else []
    vendi = [pair for pair in named if pair[0].startswith("vendi_score (q 1.0)")]
    for name, table in (vendi or named)[:1]:
        x = cells.measured(table)
        known = known_in_all(x)
        if known.any():
            some = x[:, known]
            label, some = (f"log {name}", np.log(some)) if vendi else (name, some)
            yield label, some, cells.only(known)


def known_in_all(x: Array) -> Array:
    """Which cells have a number in every replicate of x (replicates, cells): (cells,)."""
    return np.asarray(np.isfinite(x).all(axis=0))


def widest(strata: Array) -> int:
    """Cells of the stratum that has most of them."""
    return int(np.unique(strata, return_counts=True)[1].max()) if strata.size else 0
