"""Rows whose text is equal but for case, punctuation and white space."""

import numpy as np
import polars as pl

from mixtura.core.text import normalise
from mixtura.curate.duplicates.greedy import in_order, split_lost


def exact(
    frame: pl.DataFrame, reference: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keep the first of the rows whose `normalise`d text is equal; none if the reference has it.

    `frame` and `reference` have the columns id and text. Returns (remaining rows, receipts of the
    removed ones), both sorted by id.
    """
    rows, references = in_order(frame, reference)
    rows = rows.with_columns(normalise(rows["text"]).alias("key")).with_row_index("rank")
    first = rows.select("rank", winner=pl.col("rank").first().over("key"))
    winners = np.where(first["winner"] == first["rank"], -1, first["winner"].cast(pl.Int64))
    winners[:references] = -1
    return split_lost(frame, rows, winners, np.ones(len(rows)), "exact", "equal text")
