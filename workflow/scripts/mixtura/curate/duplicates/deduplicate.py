"""Deduplication in three steps: equal, similar in wording, similar in meaning."""

import numpy as np
import numpy.typing as npt
import polars as pl

from mixtura.curate.broken import check_rows, split_broken
from mixtura.curate.duplicates.exact import exact
from mixtura.curate.duplicates.fuzzy import fuzzy
from mixtura.curate.duplicates.semantic import semantic
from mixtura.curate.receipts import all_receipts


def deduplicate(
    frame: pl.DataFrame,
    threshold: float | None = 0.7,
    *,
    reference: pl.DataFrame | None = None,
    embeddings: npt.NDArray[np.floating] | None = None,
    reference_embeddings: npt.NDArray[np.floating] | None = None,
    semantic_threshold: float = 0.95,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Remove broken, equal, similarly worded and (given embeddings) semantically equal rows.

    `frame` and `reference` have the columns id and text; a row that resembles a reference row goes,
    a reference row never does. Embeddings are (rows, d) in the order of their frame. `threshold` is
    the Jaccard similarity of 5-character shingles (None: no fuzzy step), `semantic_threshold` a
    cosine. Returns (remaining rows with all columns, receipts of the removed ones), both sorted by
    id. Raises ValueError on missing columns, repeated ids, bad thresholds or shapes.
    """
    check_rows(frame)
    if embeddings is not None and len(embeddings) != len(frame):
        raise ValueError(f"{len(embeddings)} embeddings for {len(frame)} rows")
    remaining, broken = split_broken(frame.with_row_index("__row"))
    remaining, equal = exact(remaining, reference)
    removed = [broken, equal]
    if threshold is not None:
        remaining, similar = fuzzy(remaining, threshold, reference=reference)
        removed.append(similar)
    if embeddings is not None:
        remaining, same = semantic(
            remaining,
            embeddings[remaining["__row"].to_numpy()],
            semantic_threshold,
            reference=reference,
            reference_embeddings=reference_embeddings,
        )
        removed.append(same)
    return remaining.drop("__row").sort("id"), all_receipts(removed).sort("id")
