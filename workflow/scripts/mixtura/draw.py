"""Rows in random order, and the same number of every label."""

import polars as pl

from mixtura.streams import stream_seed


def shuffled(rows: pl.DataFrame, seed: int, *purpose: object) -> pl.DataFrame:
    """`rows` in the order of a hash of (seed, purpose, id): the same whatever order they had."""
    keys = [stream_seed(seed, *purpose, row) for row in rows["id"]]
    return rows.with_columns(pl.Series("_key", keys)).sort("_key", "id").drop("_key")


def balanced_prefix(rows: pl.DataFrame, n: int) -> pl.DataFrame:
    """The first n / labels rows of each label, so that prefixes are nested.

    Raises ValueError where a label has too few rows.
    """
    labels = rows["label"].n_unique()
    prefix = rows.filter(pl.int_range(pl.len()).over("label") < n / max(labels, 1))
    if prefix.height != n:
        counts = dict(rows.group_by("label").len().sort("label").iter_rows())
        raise ValueError(f"{n} rows in equal parts were wanted; there are {counts}")
    return prefix
