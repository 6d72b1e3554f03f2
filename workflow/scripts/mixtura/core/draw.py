"""Rows in random order, and rows of every label in proportion."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from mixtura.core.proportions import shares
from mixtura.core.streams import stream_seed


def shuffled(rows: pl.DataFrame, seed: int, *purpose: object) -> pl.DataFrame:
    """`rows` in the order of a hash of (seed, purpose, id): the same whatever order they had."""
    keys = [stream_seed(seed, *purpose, row) for row in rows["id"]]
    return rows.with_columns(pl.Series("_key", keys)).sort("_key", "id").drop("_key")


def label_counts(rows: pl.DataFrame) -> dict[str, int]:
    """Label -> its rows, by name."""
    return dict(rows["label"].value_counts().sort("label").iter_rows())


def prefix_in_proportion(
    rows: pl.DataFrame, n: int, weights: Mapping[str, float] | None = None
) -> pl.DataFrame:
    """The first rows of each label, n in all, so that prefixes are nested.

    The labels have the proportions of `rows`, or `weights`. Raises ValueError where a label has
    too few rows.
    """
    counts = label_counts(rows)
    wanted = shares(n, weights or counts)
    if sum(wanted.values()) != n or any(counts.get(k, 0) < v for k, v in wanted.items()):
        raise ValueError(f"{n} rows were wanted, {_listed(wanted)}; there are {_listed(counts)}")
    share = pl.col("label").replace_strict(wanted, default=0, return_dtype=pl.Int64)
    return rows.filter(pl.int_range(pl.len()).over("label") < share)


def equal_weights(rows: pl.DataFrame) -> dict[str, int]:
    """The weight 1 for each label of some rows."""
    return dict.fromkeys(label_counts(rows), 1)


def _listed(counts: Mapping[str, int]) -> str:
    """Labels with their numbers in words, the first of many."""
    parts = [f"{rows} of {label!r}" for label, rows in counts.items()]
    return ", ".join(parts[:8]) + (f" and {len(parts) - 8} more labels" if parts[8:] else "")


def take_balanced(
    rows: pl.DataFrame,
    n: int,
    label_column: str = "label",
    index_column: str = "index",
    labels: Sequence[Any] | None = None,
) -> pl.DataFrame:
    """Take exactly `n` rows, the labels in proportion, of each the lowest `index_column`.

    `labels` are those that must occur, one that is named twice twice as often; default: those of
    the rows, all equal. Where n is not a multiple, the first in sorted order get another row (see
    `shares`). Equal indices are ordered by id. Returns the rows in the order of the index. Raises
    ValueError with all counts where a label has too few.
    """
    if missing := {"id", label_column, index_column} - set(rows.columns):
        raise ValueError(f"column {sorted(missing)[0]!r} is missing")
    weights = Counter(set(rows[label_column].to_list()) if labels is None else labels)
    if n < 1 or not weights:
        raise ValueError(f"cannot take {n} rows of the labels {sorted(weights)}")
    wanted = shares(n, dict(sorted(weights.items())))
    counts = dict(rows.group_by(label_column).len().iter_rows())
    if any(counts.get(label, 0) < share for label, share in wanted.items()):
        text = ", ".join(f"{k}: {counts.get(k, 0)} of {share}" for k, share in wanted.items())
        raise ValueError(f"too few rows were accepted: {text}")
    ordered = rows.sort(index_column, "id")
    parts = [ordered.filter(pl.col(label_column) == k).head(share) for k, share in wanted.items()]
    return pl.concat(parts).sort(index_column, "id")
