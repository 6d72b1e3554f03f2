"""Texts that are too short or too long."""

import polars as pl

from mixtura.core.text import tokens
from mixtura.curate.filters.verdict import verdict
from mixtura.curate.settings import Length


def length(rows: pl.DataFrame, settings: Length) -> pl.DataFrame:
    """Pass texts within the limits; the score is the number of words (see `tokens`)."""
    words = tokens(rows["text"]).list.len()
    chars = rows["text"].str.strip_chars().str.len_chars()
    faults = {
        f"fewer than {settings.min_words} words": words < settings.min_words,
        f"fewer than {settings.min_chars} characters": chars < settings.min_chars,
    }
    if settings.max_words:
        faults[f"more than {settings.max_words} words"] = words > settings.max_words
    if settings.max_chars:
        faults[f"more than {settings.max_chars} characters"] = chars > settings.max_chars
    return verdict(faults, words)
