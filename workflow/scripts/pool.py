"""The pool of a level: what `top_up` and `curate` read of it, and what they curate it against."""

from pathlib import Path
from typing import Any

import polars as pl


def read_pool(shards: list[str], more: list[str]) -> pl.DataFrame:
    """Rows of the planned shards and of those in the folder `more`, where there is one."""
    added = [str(file) for folder in more for file in sorted(Path(folder).glob("*.parquet"))]
    return pl.concat(pl.read_parquet(file) for file in [*shards, *added])


def read_real(given: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The examples, which generated rows must not repeat, and the real rows that are protected."""
    guarded = pl.read_parquet(given.splits).filter(pl.col("split").is_in(["test", "examples"]))
    own = pl.read_parquet(given.data).join(guarded, on="id", how="semi")
    others = [pl.read_parquet(file).select("id", "text") for file in given.shifted]
    # a test set from another domain may hold a text of this one
    protected = pl.concat([own.select("id", "text"), *others]).unique("id", maintain_order=True)
    return pl.read_parquet(given.examples), protected
