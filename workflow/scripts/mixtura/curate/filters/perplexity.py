"""Texts that the model found far more or less likely than the others."""

import numpy as np
import polars as pl

from mixtura.curate.filters.verdict import need_column, verdict
from mixtura.curate.settings import Perplexity


def perplexity(rows: pl.DataFrame, settings: Perplexity) -> pl.DataFrame:
    """Pass texts whose mean log-probability per token is no outlier among the rows.

    The score is the distance from the median in robust standard deviations (1.4826 times the
    median absolute deviation), signed: negative is less likely than usual. Iglewicz and Hoaglin
    (1993) advise 3.5. Both ends go: gibberish and recitation. Without spread all pass. Raises
    ValueError without the column mean_logprob, and where no row has a value: the backend does not
    give any.
    """
    need_column(rows, "perplexity", "mean_logprob")
    value = rows["mean_logprob"].cast(pl.Float64)
    known = value.is_not_null() & value.is_finite().fill_null(False)
    if len(rows) and not known.any():
        raise ValueError(
            "filter perplexity is on but column 'mean_logprob' is empty: the backend of the "
            "generator tells no log-probabilities; take another backend or switch the filter off"
        )
    usual = value.filter(known).to_numpy()
    centre = np.median(usual) if len(usual) else 0.0
    spread = 1.4826 * np.median(np.abs(usual - centre)) if len(usual) else 0.0
    score = (value - centre) / spread if spread else value * 0.0
    return verdict(
        {
            "no log-probability": ~known,
            "less likely than usual": (score < -settings.max_deviation).fill_null(False),
            "more likely than usual": (score > settings.max_deviation).fill_null(False),
        },
        score,
    )
