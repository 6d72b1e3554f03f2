"""What generators saw: a warning where it is more real rows than the mix, or its baseline, has."""

import polars as pl

from mixtura.core.wording import listed_words


def shown_text(findings: pl.DataFrame) -> list[str]:
    """A paragraph, none where no generator saw more real rows than what it is compared with."""
    sizes = dict(findings.select("arm", "n_real").iter_rows())
    known = pl.col("baseline").replace_strict(sizes, default=None, return_dtype=pl.Int64)
    real = pl.when(pl.col("n_real") > 0).then("n_real").otherwise(known)
    more = findings.select("shown", real=real).filter(pl.col("shown") > pl.col("real"))
    if more.is_empty():
        return []
    numbers = listed_words(sorted(more["real"].unique()))
    return [
        f"Mixes with, or compared with, {numbers} real rows have the text of a generator that saw "
        f"{listed_words(sorted(more['shown'].unique()))}: a part of their gain may come from "
        "real rows that they lack. `generate.shown: own` writes text for each number."
    ]
