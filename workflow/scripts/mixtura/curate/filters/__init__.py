"""Filters of single texts, all of one shape, one file each.

In: rows with id and text, and the filter's settings (mixtura/curate/settings.py).
Out: a frame of (passes, score, reason), one row per row; see verdict.py.
Start reading in length.py. A new filter is a file here, a line in `FILTERS` and its settings in
`Filters`, where both have the same order. May import what the room may.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from mixtura.curate.broken import split_broken
from mixtura.curate.filters.echo import echo
from mixtura.curate.filters.label_consistency import label_consistency
from mixtura.curate.filters.label_leak import label_leak
from mixtura.curate.filters.language import language
from mixtura.curate.filters.length import length
from mixtura.curate.filters.perplexity import perplexity
from mixtura.curate.filters.pii import pii
from mixtura.curate.filters.quality import quality
from mixtura.curate.filters.refusal import refusal
from mixtura.curate.filters.repetition import repetition
from mixtura.curate.filters.unfinished import unfinished
from mixtura.curate.receipts import all_receipts, receipts
from mixtura.curate.settings import Filters, LabelConsistency, Quality

FILTERS: dict[str, Callable[..., pl.DataFrame]] = {
    "length": length,
    "repetition": repetition,
    "language": language,
    "echo": echo,
    "refusal": refusal,
    "label_leak": label_leak,
    "unfinished": unfinished,
    "pii": pii,
    "perplexity": perplexity,
    "label_consistency": label_consistency,
    "quality": quality,
}


def names_on(settings: Filters) -> list[str]:
    """The filters that run, in their order."""
    return [name for name in FILTERS if getattr(settings, name) is not None]


def apply_filters(
    rows: pl.DataFrame,
    settings: Filters,
    *,
    real: pl.DataFrame | None = None,
    embeddings: npt.NDArray[np.floating] | None = None,
    real_embeddings: npt.NDArray[np.floating] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Run the filters that have settings, in the order of `FILTERS`, each on what the last left.

    Broken rows go first. `real` rows and embeddings, (rows, d) in the order of their frame, are
    read by label_consistency, `real` rows by quality too. Returns (remaining rows, receipts of the
    removed ones, the stage being the filter's name), both sorted by id. Raises ValueError where a
    filter that is on lacks its column.
    """
    if embeddings is not None and len(embeddings) != len(rows):
        raise ValueError(f"{len(embeddings)} embeddings for {len(rows)} rows")
    remaining, broken = split_broken(rows.with_row_index("__at"))
    # perplexity's median and the classifier's sums must not feel the order of the rows
    remaining = remaining.sort("id")
    removed = [broken]
    for name in names_on(settings):
        options = getattr(settings, name)
        if isinstance(options, LabelConsistency):
            places = remaining["__at"].to_numpy()
            result = label_consistency(
                remaining,
                options,
                real,
                None if embeddings is None else embeddings[places],
                real_embeddings,
            )
        elif isinstance(options, Quality):
            result = quality(remaining, options, real)
        else:
            result = FILTERS[name](remaining, options)
        scored = remaining.with_columns(result.select("score", "reason"))
        failed = scored.filter(~result["passes"])
        removed.append(receipts(failed, name, pl.col("reason"), pl.col("score")))
        remaining = remaining.filter(result["passes"])
    return remaining.drop("__at"), all_receipts(removed).sort("id")
