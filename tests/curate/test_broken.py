"""Rows that no step can use, and frames that none can."""

import polars as pl
import pytest

from mixtura.curate.broken import split_broken


def test_every_broken_row_has_its_reason():
    texts = [b"fine", None, b"\xff\xfe broken", b" \n\t\xc2\xa0", b"x" * 1_000_000]
    frame = pl.DataFrame({"id": list("abcde"), "text": pl.Series(texts, dtype=pl.Binary)})
    remaining, removed = split_broken(frame)
    assert remaining.to_dicts() == [{"id": "a", "text": "fine"}]
    assert dict(removed.select("id", "reason").iter_rows()) == {
        "b": "null text",
        "c": "invalid UTF-8",
        "d": "empty text",
        "e": "more than 100000 characters",
    }
    assert removed["text"].str.len_chars().max() == 200


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": ["a"]}, "'text' is missing"),
        ({"id": ["a", "a"], "text": ["x", "y"]}, "repeated"),
        ({"id": ["a", None], "text": ["x", "y"]}, "null"),
        ({"id": ["a"], "text": [1]}, "holds Int64"),
    ],
)
def test_a_frame_without_ids_or_texts_is_refused(columns, message):
    with pytest.raises(ValueError, match=message):
        split_broken(pl.DataFrame(columns))
