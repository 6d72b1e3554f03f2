"""What one filter says about texts, for the tests of each."""

import polars as pl

from mixtura.curate import settings as settings_of
from mixtura.curate.filters import FILTERS

SETTINGS = {
    "length": settings_of.Length,
    "repetition": settings_of.Repetition,
    "language": settings_of.Language,
    "echo": settings_of.Echo,
    "refusal": settings_of.Refusal,
    "label_leak": settings_of.LabelLeak,
    "unfinished": settings_of.Unfinished,
    "pii": settings_of.Pii,
    "perplexity": settings_of.Perplexity,
    "label_consistency": settings_of.LabelConsistency,
}


def verdicts(name, texts, columns=None, **settings):
    frame = pl.DataFrame(
        {"id": [f"r{i}" for i in range(len(texts))], "text": texts, **(columns or {})},
        schema_overrides={"id": pl.String, "text": pl.String},
    )
    result = FILTERS[name](frame, SETTINGS[name](**settings))
    assert result.schema == {"passes": pl.Boolean, "score": pl.Float64, "reason": pl.String}
    assert len(result) == len(texts)
    assert (result["passes"] == result["reason"].is_null()).all()
    return result


def passes(name, texts, columns=None, **settings):
    return verdicts(name, texts, columns, **settings)["passes"].to_list()
