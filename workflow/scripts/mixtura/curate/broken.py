"""Rows that no step of curation can use: without text, too long, of broken bytes."""

import polars as pl

from mixtura.curate.receipts import receipts


def check_rows(frame: pl.DataFrame, *columns: str) -> None:
    """Raise ValueError unless the columns are there and `id` tells the rows apart."""
    missing = [c for c in ("id", "text", *columns) if c not in frame.columns]
    if missing:
        raise ValueError(f"column {missing[0]!r} is missing; the frame has {frame.columns}")
    if frame["id"].null_count():
        raise ValueError("column 'id' has null values")
    if frame["id"].n_unique() != len(frame):
        raise ValueError("column 'id' has repeated values")


def split_broken(
    frame: pl.DataFrame, max_chars: int = 100_000
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take out the rows that no later step could use; returns (rest, receipts).

    Broken is: null, whitespace or invisible signs only, bytes that are no UTF-8 (also where a
    reader put U+FFFD in their place), more than `max_chars` characters. A binary text column
    comes back decoded; the text in a receipt of an over-long row is cut to 200 characters.
    """
    check_rows(frame)
    if frame.schema["text"] == pl.Binary:
        decoded = [None if b is None else b.decode("utf-8", "replace") for b in frame["text"]]
        frame = frame.with_columns(pl.Series("text", decoded, pl.String))
    if frame.schema["text"] == pl.Null:
        frame = frame.with_columns(pl.col("text").cast(pl.String))
    if frame.schema["text"] != pl.String:
        raise ValueError(f"column 'text' holds {frame.schema['text']}, not text")
    text = pl.col("text")
    broken = frame.select(
        "id",
        text.str.slice(0, 200),
        pl.when(text.is_null())
        .then(pl.lit("null text"))
        .when(text.str.contains("\ufffd", literal=True))
        .then(pl.lit("invalid UTF-8"))
        .when(~text.str.contains(r"[^\s\p{Z}\p{C}]"))
        .then(pl.lit("empty text"))
        .when(text.str.len_chars() > max_chars)
        .then(pl.lit(f"more than {max_chars} characters"))
        .alias("reason"),
    )
    bad = broken["reason"].is_not_null()
    return frame.filter(~bad), receipts(broken.filter(bad), "broken", pl.col("reason"))
