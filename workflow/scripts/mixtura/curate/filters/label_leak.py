"""Texts that name a label."""

import polars as pl

from mixtura.core.text import naming
from mixtura.curate.filters.verdict import need_column, verdict
from mixtura.curate.settings import LabelLeak


def label_leak(rows: pl.DataFrame, settings: LabelLeak) -> pl.DataFrame:
    """Pass texts that name no label: of any row, as whole words; the score counts them.

    `words` replaces the label names, where these are numbers or ordinary words of the domain.
    Raises ValueError where it is missing and the column label is, or holds no text.
    """
    words = settings.words
    if words is None:
        need_column(rows, "label_leak", "label")
        if rows.schema["label"] not in (pl.String, pl.Categorical, pl.Enum):
            raise ValueError("filter label_leak needs 'words' where labels are no names")
        words = rows["label"].cast(pl.String).drop_nulls().unique().to_list()
    score = naming(rows["text"], words)
    return verdict({"names a label": score > 0}, score)
