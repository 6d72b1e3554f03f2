"""Shares of several generators are equal, and no text comes twice."""

import polars as pl
import pytest

from mixtura.curate.combine import combine_sets

LABELS = ["neg", "pos"]


def base() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [f"b{row:02}" for row in range(20)],
            "index": range(20),
            "text": [f"text number {row}" for row in range(20)],
            "label": [LABELS[row % 2] for row in range(20)],
        }
    )


def test_generators_have_equal_shares_and_no_text_twice() -> None:
    other = base().with_columns(pl.col("id").str.replace("b", "o"), pl.col("text") + " or so")
    other[0, "text"] = base()[0, "text"].upper()
    rows, removed = combine_sets([("one", base()), ("two", other)], 12, LABELS)
    counted = rows.group_by("generator", "label").len().sort("generator", "label")
    assert counted["len"].to_list() == [3, 3, 3, 3]
    assert removed.filter(reason="in the set of another generator")["id"].to_list() == ["o00"]
    assert removed.height + rows.height == 40
    with pytest.raises(ValueError, match=r"neg: 10 of 30.* of generator one"):
        combine_sets([("one", base()), ("two", other)], 120, LABELS)
