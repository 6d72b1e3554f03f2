"""Any table, by one of its columns."""

import polars as pl
import pytest

from mixtura.curate.duplicates.table import deduplicate_table, row_ids


def test_row_ids_depend_on_content_alone():
    frame = pl.DataFrame({"text": ["a", "b", "a", None], "label": [1, 2, 1, 3]})
    ids = row_ids(frame)
    assert ids.n_unique() == 4
    assert sorted(row_ids(frame[[3, 2, 1, 0]])) == sorted(ids)
    assert row_ids(frame[[1]]).to_list() == [ids[1]]


def test_a_table_keeps_its_order_and_columns():
    table = pl.DataFrame({"n": [5, 6, 7, 8], "body": ["same text", "other", None, "Same text!"]})
    remaining, removed = deduplicate_table(table, "body")
    assert remaining["n"].to_list() in ([5, 6], [6, 8])
    assert removed.filter(stage="broken")["id"].to_list() == ["3"]
    (receipt,) = removed.filter(stage="exact").select("id", "kept_id").rows()
    assert sorted(receipt) == ["1", "4"]
    again, _ = deduplicate_table(table[::-1], "body")
    assert sorted(again["n"]) == sorted(remaining["n"])
    _, removed = deduplicate_table(table.with_columns(id=pl.Series(list("wxyz"))), "body")
    assert removed.filter(stage="broken")["id"].to_list() == ["y"]
    with pytest.raises(ValueError, match="no column 'text'; columns are: n, body"):
        deduplicate_table(table)
