"""What a filter returns: for each row whether it passes, a score, and what is wrong with it."""

from collections.abc import Mapping
from typing import Any

import polars as pl


def verdict(faults: Mapping[str, pl.Series], score: Any) -> pl.DataFrame:
    """A frame of (passes, score, reason), one row per row, from faults: reason -> who has it.

    Of several faults of a row the first named is its reason, null where it passes.
    """
    frame = pl.DataFrame({"score": pl.Series(score).cast(pl.Float64)})
    frame = frame.with_columns(fault.alias(f"_{i}") for i, fault in enumerate(faults.values()))
    cases = [pl.when(f"_{i}").then(pl.lit(reason, pl.String)) for i, reason in enumerate(faults)]
    reason = pl.coalesce(cases) if cases else pl.lit(None, pl.String)
    return frame.select(reason.is_null().alias("passes"), "score", reason.alias("reason"))


def need_column(rows: pl.DataFrame, name: str, column: str) -> None:
    """Raise ValueError where a filter lacks a column."""
    if column not in rows.columns:
        raise ValueError(f"filter {name} is on but column {column!r} is missing")
