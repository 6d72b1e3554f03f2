"""Texts that repeat the prompt."""

import numpy as np
import polars as pl

from mixtura.core.text import tokens
from mixtura.curate.filters.verdict import verdict
from mixtura.curate.settings import Echo


def echo(rows: pl.DataFrame, settings: Echo) -> pl.DataFrame:
    """Pass texts that repeat little of what the model was shown: its prompt, with the examples.

    The score is the share of the text's word n-grams that the column prompt_text has; a text
    shorter than that counts whole. Raises ValueError without that column.
    """
    if "prompt_text" not in rows.columns:
        raise ValueError("filter echo needs a column prompt_text: what the model was shown")
    score = np.zeros(len(rows))
    both = (tokens(rows[name].fill_null("")).to_list() for name in ("text", "prompt_text"))
    for row, (text, prompt) in enumerate(zip(*both, strict=True)):
        size = min(settings.n, len(text))
        grams = _ngrams(text, size)
        score[row] = len(grams & _ngrams(prompt, size)) / max(len(grams), 1)
    return verdict({"echo of the prompt": pl.Series(score > settings.max_overlap)}, score)


def _ngrams(words: list[str], n: int) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)} if n else set()
