"""Rows that differ by case, punctuation or a full stop: one of them decides where all stand."""

import polars as pl

from mixtura.core.text import normalise

RANKS = {"test": 0, "development": 1, "unlabelled": 3}  # of files of their own; of task.data 2


def with_originals(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the column `original`: the id of the row that stands for all that say the same.

    Rows say the same where their fields are equal after `normalise`; a question also needs the
    same passage. A row of a test set of its own stands for its copies in the training data, a
    labelled row for its copies in unlabelled text; else it is the lowest id.
    """
    fields = [name for name in ("context", "text") if name in rows.columns]
    keys = pl.DataFrame({name: normalise(rows[name]) for name in fields})
    side = pl.col("side") if "side" in rows.columns else pl.lit(None, pl.String)
    rank = side.replace_strict(RANKS, default=2, return_dtype=pl.Int8)
    return (
        rows.with_columns(keys.to_struct("key"), rank.alias("rank"))
        .with_columns(original=pl.col("id").sort_by("rank", "id").first().over("key"))
        .drop("key", "rank")
    )
