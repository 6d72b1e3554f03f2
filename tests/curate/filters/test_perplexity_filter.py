"""Texts that the model found far more or less likely than the others."""

import polars as pl
import pytest

from filter_verdicts import passes, verdicts


def test_perplexity():
    values = [-3.0, -3.1, -2.9, -3.05, -2.95, -9.0, -0.1, None, float("nan")]
    result = verdicts("perplexity", ["x"] * 9, {"mean_logprob": values})
    assert result["passes"].to_list() == [True] * 5 + [False] * 4
    assert result["reason"].to_list()[5:] == [
        "less likely than usual",
        "more likely than usual",
        "no log-probability",
        "no log-probability",
    ]
    # the median is -3, the median absolute deviation 0.1
    assert result["score"][5] == pytest.approx(-6 / (1.4826 * 0.1))
    assert passes("perplexity", ["x"] * 3, {"mean_logprob": [-1.0, -1.0, -5.0]}) == [True] * 3
    with pytest.raises(ValueError, match="'mean_logprob' is missing"):
        verdicts("perplexity", ["x"])
    with pytest.raises(ValueError, match="'mean_logprob' is empty: the backend"):
        verdicts(
            "perplexity", ["x"] * 2, {"mean_logprob": pl.Series([None, None], dtype=pl.Float64)}
        )
