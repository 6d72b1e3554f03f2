"""Deduplication of any table by one column, as the command line has it."""

from collections.abc import Callable
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import polars as pl

from mixtura.curate.broken import split_broken
from mixtura.curate.duplicates.deduplicate import deduplicate


def deduplicate_table(
    table: pl.DataFrame,
    text_column: str = "text",
    threshold: float | None = 0.7,
    *,
    reference: pl.DataFrame | None = None,
    encode: Callable[[list[str]], npt.NDArray[np.floating]] | None = None,
    semantic_threshold: float = 0.95,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Deduplicate any table by one column; returns (remaining, removed).

    Remaining rows stand in the old order; which remain depends on content alone. A row that
    resembles one of `reference` goes. `encode` turns n texts into (n, d) embeddings, for the
    semantic step. `removed` names a row by the column id, where there is one that tells rows apart,
    else by its number from 1; a row of the reference has "reference" before that. Raises ValueError
    without the column.
    """
    frame, names = _identified(table, text_column)
    embeddings = reference_embeddings = real = None
    if reference is not None:
        real, real_names = _identified(reference, text_column, "reference ")
        real, _ = split_broken(real)
        names |= real_names
        if encode:
            reference_embeddings = encode(real["text"].to_list())
    if encode:
        sound, _ = split_broken(frame.with_row_index("at"))
        vectors = encode(sound["text"].to_list())
        embeddings = np.zeros((len(frame), vectors.shape[1]), vectors.dtype)
        embeddings[sound["at"].to_numpy()] = vectors
    remaining, removed = deduplicate(
        frame,
        threshold,
        reference=real,
        embeddings=embeddings,
        reference_embeddings=reference_embeddings,
        semantic_threshold=semantic_threshold,
    )
    return table.filter(frame["id"].is_in(remaining["id"].implode())), removed.with_columns(
        pl.col("id", "kept_id").replace_strict(names, return_dtype=pl.String)
    )


def _identified(
    table: pl.DataFrame, text_column: str, prefix: str = ""
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Return (id from the content, text), and what a person calls the row of each id."""
    if text_column not in table.columns:
        raise ValueError(f"no column {text_column!r}; columns are: {', '.join(table.columns)}")
    names = pl.Series(np.arange(1, len(table) + 1))
    if "id" in table.columns and table["id"].null_count() == 0 and table["id"].is_unique().all():
        names = table["id"]
    ids = [prefix + row for row in row_ids(table)]
    labels = (prefix + name for name in names.cast(pl.String))
    frame = pl.DataFrame({"id": ids, "text": table[text_column]}, strict=False)
    return frame, dict(zip(ids, labels, strict=True))


def row_ids(frame: pl.DataFrame) -> pl.Series:
    """Return an id per row from its content, for tables without ids: rows of equal ids are equal.

    The n-th of several equal rows gets its own id, whatever the order of the others.
    """
    content = pl.Series(
        "id",
        [blake2b(repr(row).encode("utf-8", "surrogatepass")).hexdigest() for row in frame.rows()],
        pl.String,
    )
    copy = pl.DataFrame(content).select(pl.int_range(pl.len()).over("id")).to_series()
    return content.str.slice(0, 32) + "-" + copy.cast(pl.String)
