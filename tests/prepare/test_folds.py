"""Folds test every row once, and keep what belongs together in one of them."""

from itertools import chain

import polars as pl

from mixtura.prepare.folds import fold_ids
from mixtura.prepare.sizes import fold_counts

ROWS = pl.DataFrame(
    {"id": [f"row{n}" for n in range(10)], "label": ["good"] * 7 + ["bad"] * 3}
).with_columns(passage=pl.Series(["A", "a ", "A", "a", "b", "b", "B", "c", "c", "d"]))


def test_every_row_is_tested_once_in_the_proportions_of_the_labels() -> None:
    for first in (0, 3):
        folds = [fold_ids(ROWS, 3, 1, first + fold).to_list() for fold in range(3)]
        assert sorted(chain(*folds)) == ROWS["id"].to_list()
        counts = [
            dict(ROWS.filter(pl.col("id").is_in(ids))["label"].value_counts().iter_rows())
            for ids in folds
        ]
        assert counts == fold_counts({"good": 7, "bad": 3}, 3)
    assert set(fold_ids(ROWS, 3, 1, 0)) != set(fold_ids(ROWS, 3, 1, 3))


def test_the_largest_groups_go_first_each_to_the_smallest_fold() -> None:
    # groups of 4, 3, 2 and 1 rows: 4 + 1 and 3 + 2
    folds = [set(fold_ids(ROWS, 2, 1, fold, "passage")) for fold in range(2)]
    assert folds == [
        {"row0", "row1", "row2", "row3", "row9"},
        {"row4", "row5", "row6", "row7", "row8"},
    ]
