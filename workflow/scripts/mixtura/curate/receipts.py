"""Receipts: one row for every row that curation removed, with the reason."""

from collections.abc import Iterable

import polars as pl

from mixtura.curate.tables import Removed

RECEIPT = pl.Schema({name: column.dtype for name, column in Removed.columns().items()})


def receipts(
    rows: pl.DataFrame,
    stage: str,
    reason: pl.Expr | str,
    score: pl.Expr | None = None,
    kept_id: pl.Expr | None = None,
) -> pl.DataFrame:
    """Return one row (id, text, stage, reason, score, kept_id) for every row that was removed."""
    columns = {
        "id": pl.col("id"),
        "text": pl.col("text"),
        "stage": pl.lit(stage),
        "reason": pl.lit(reason) if isinstance(reason, str) else reason,
        "score": pl.lit(None) if score is None else score,
        "kept_id": pl.lit(None) if kept_id is None else kept_id,
    }
    return rows.select(columns[c].cast(RECEIPT[c]).alias(c) for c in RECEIPT)


def all_receipts(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Join receipts; without any the result is an empty frame with the right columns."""
    return pl.concat([RECEIPT.to_frame(), *parts])
