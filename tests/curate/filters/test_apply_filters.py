"""Filters one after the other."""

import polars as pl
import pytest

from filter_verdicts import verdicts
from mixtura.curate.filters import FILTERS, apply_filters
from mixtura.curate.receipts import RECEIPT
from mixtura.curate.settings import Filters, Length, Pii, Refusal

NEEDED = {
    "echo": {"prompt_text": pl.Series([], dtype=pl.String)},
    "label_leak": {"label": pl.Series([], dtype=pl.String)},
    "unfinished": {"finish_reason": pl.Series([], dtype=pl.String)},
    "perplexity": {"mean_logprob": pl.Series([], dtype=pl.Float64)},
}


@pytest.mark.parametrize("name", sorted(set(FILTERS) - {"label_consistency", "quality"}))
def test_no_rows_give_no_verdicts(name):
    verdicts(name, [], NEEDED.get(name))


def test_apply_filters_gives_every_row_one_receipt():
    texts = [
        "no",
        "As an AI I refuse",
        "mail me at a@b.org",
        "a good long text",
        None,
        " ",
        "\ufffd",
    ]
    frame = pl.DataFrame({"id": list("gfedcba"), "text": texts, "other": range(7)})
    settings = Filters(pii=Pii(), length=Length(min_words=2), refusal=Refusal(), language=None)
    remaining, removed = apply_filters(frame, settings)
    assert remaining.to_dicts() == [{"id": "d", "text": "a good long text", "other": 3}]
    assert removed.schema == RECEIPT
    assert dict(removed.select("id", "stage").iter_rows()) == {
        "g": "length",
        "f": "refusal",
        "e": "pii",
        "c": "broken",
        "b": "broken",
        "a": "broken",
    }
    again = apply_filters(frame.sample(fraction=1, shuffle=True, seed=1), settings)
    assert again[0].write_csv() == remaining.write_csv()
    assert again[1].write_csv() == removed.write_csv()


def test_a_filter_that_is_off_removes_nothing():
    frame = pl.DataFrame({"id": ["a"], "text": ["x"]})
    remaining, removed = apply_filters(frame, Filters(length=None))
    assert len(remaining) == 1 and not len(removed)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lenght": {}}, "lenght\n  Extra inputs"),
        ({"length": {"min": 2}}, "length.min\n  Extra inputs"),
        ({"label_consistency": {"real": 1}}, "label_consistency.real\n  Extra inputs"),
        ({"perplexity": {}}, "'mean_logprob' is missing"),
        ({"label_consistency": {}}, "needs real"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        apply_filters(pl.DataFrame({"id": ["a"], "text": ["x"]}), Filters.model_validate(settings))


def test_filters_run_in_the_order_of_their_settings():
    assert list(FILTERS) == list(Filters.model_fields)
