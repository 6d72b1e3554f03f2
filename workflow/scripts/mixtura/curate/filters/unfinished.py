"""Texts that break off."""

import polars as pl

from mixtura.curate.filters.verdict import need_column, verdict
from mixtura.curate.settings import Unfinished


def unfinished(rows: pl.DataFrame, settings: Unfinished) -> pl.DataFrame:
    """Pass texts that came to an end; the score is 1 for those, else 0.

    A text fails that the model was stopped in (column finish_reason is "length"; off with
    `finish_reason` false), that breaks off after a comma, a dash or an opening bracket, or, with
    `end`, that has no final mark (many real short texts have none either).
    """
    if settings.finish_reason:
        need_column(rows, "unfinished", "finish_reason")
    text = rows["text"].str.strip_chars_end()
    none = pl.Series([False] * len(rows), dtype=pl.Boolean)
    cut = none
    if settings.finish_reason:
        cut = (rows["finish_reason"] == "length").fill_null(False)
    dangling = text.str.contains(r"[,;:&/–—‘“«¿¡،؛、，；：]$|\s-$|(?:^|[^:;='])[(\[{]$")
    open_end = none
    if settings.end:
        open_end = ~text.str.contains(r"[\p{Sentence_Terminal}…][\p{P}\p{S}\s]*$|[\p{So}]$")
    return verdict(
        {"stopped at the token limit": cut, "breaks off": dangling, "no final mark": open_end},
        ~(cut | dangling | open_end),
    )
