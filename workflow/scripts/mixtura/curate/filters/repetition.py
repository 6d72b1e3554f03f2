"""Texts that repeat themselves."""

import re

import numpy as np
import polars as pl

from mixtura.core.text import sets, tokens, windows
from mixtura.curate.filters.verdict import verdict
from mixtura.curate.settings import Repetition


def repetition(rows: pl.DataFrame, settings: Repetition) -> pl.DataFrame:
    """Pass texts of which at most `max_share` of the word n-grams occurred before in the text.

    That share is the score. A word (or a sign, from 8 in a row: "soooooooon") repeated more than
    `max_run` times running fails as well.
    """
    n, max_run = settings.n, settings.max_run
    words = tokens(rows["text"])
    lengths = words.list.len().to_numpy().astype(np.int64)
    codes = words.explode(empty_as_null=False).hash(0).to_numpy()
    grams, counts = windows(codes, lengths, n)
    share = 1 - sets(grams, counts).sum(axis=1) / np.maximum(counts, 1)
    score = np.where(counts > 0, share, 0.0)
    row = np.repeat(np.arange(len(rows)), lengths)
    run = np.zeros(len(rows), bool)
    if len(codes) > max_run:
        same = np.ones(len(codes) - max_run, bool)
        for k in range(1, max_run + 1):
            last = len(codes) - max_run + k
            same &= (codes[k:last] == codes[:-max_run]) & (row[k:last] == row[:-max_run])
        run[row[: len(same)][same]] = True
    signs = [bool(re.search(r"([^\s\d])\1{7}", text)) for text in rows["text"]]
    return verdict(
        {
            f"more than {settings.max_share:g} of the {n}-grams repeated": pl.Series(
                score > settings.max_share
            ),
            "word repeated in a row": pl.Series(run),
            "character repeated in a row": pl.Series(signs, dtype=pl.Boolean),
        },
        score,
    )
