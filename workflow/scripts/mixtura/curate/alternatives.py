"""Sets that no prompt wrote: rows with what the table of a set says of them."""

import polars as pl

from mixtura.core.digest import row_id
from mixtura.curate.tables import Curated
from mixtura.prepare.copies import with_originals


def as_set(rows: pl.DataFrame, origin: str) -> pl.DataFrame:
    """Rows (text, label, source_id) as a set (`Curated`) of classification.

    `origin` names the set. No prompt wrote them, so that tokens and seeds are 0.
    """
    ids = [row_id(origin, str(place), text) for place, text in enumerate(rows["text"])]
    types = Curated.types()
    constants = {"fields": "{}", "prompt_text": "", "prompt_digest": ""}
    numbers = ("seed", "prompt_tokens", "cached_tokens", "new_tokens", "reasoning_tokens")
    absent = ("topic", "finish_reason", "reasoning", "mean_logprob")
    frame = rows.with_row_index("index").with_columns(
        id=pl.Series(ids, dtype=pl.String),
        example_ids=pl.concat_list("source_id"),
        **{name: pl.lit(value) for name, value in constants.items()},
        **{name: pl.lit(0) for name in numbers},
        **{name: pl.lit(None) for name in absent},
    )
    return frame.select(pl.col(name).cast(types[name]) for name in types if name in frame.columns)


def labelled_rows(answers: pl.DataFrame, texts: pl.DataFrame, n: int) -> pl.DataFrame:
    """The first `n` rows (text, label, source_id) that got a label, of answers in their order."""
    rows = answers.filter(pl.col("judged") != "").head(n)
    joined = rows.join(texts.select("id", "text"), on="id", maintain_order="left")
    return joined.select("text", label="judged", source_id="id")


def unlabelled_rows(rows: pl.DataFrame, splits: pl.DataFrame) -> pl.DataFrame:
    """Unlabelled rows (id, text) of the data that are in no split, each text once."""
    rows = with_originals(rows).filter(pl.col("id") == pl.col("original"), side="unlabelled")
    return rows.join(splits, on="id", how="anti", maintain_order="left").select("id", "text")
