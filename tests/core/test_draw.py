"""Rows in random order, and rows of every label in proportion."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mixtura.core.draw import (
    equal_weights,
    label_counts,
    prefix_in_proportion,
    shuffled,
    take_balanced,
)


def labelled(**counts):
    labels = [label for label, n in counts.items() for _ in range(n)]
    return pl.DataFrame(
        {
            "id": [f"r{i:02}" for i in range(len(labels))],
            "text": [f"text {i}" for i in range(len(labels))],
            "label": labels,
            "index": range(len(labels), 0, -1),
        }
    )


def test_take_balanced_takes_the_first_of_each_label():
    frame = labelled(neg=6, pos=4)
    balanced = take_balanced(frame, 5)
    assert balanced["label"].value_counts().sort("label").rows() == [("neg", 3), ("pos", 2)]
    assert balanced["index"].to_list() == [1, 2, 5, 6, 7]
    shuffled = frame.sample(fraction=1, shuffle=True, seed=3)
    assert_frame_equal(take_balanced(shuffled, 5), balanced)


def test_take_balanced_says_what_is_short():
    with pytest.raises(ValueError, match=r"neg: 6 of 4, pos: 2 of 4$"):
        take_balanced(labelled(neg=6, pos=2), 8)
    with pytest.raises(ValueError, match=r"neg: 6 of 2, pos: 0 of 2$"):
        take_balanced(labelled(neg=6), 4, labels=["pos", "neg"])
    with pytest.raises(ValueError, match="cannot take 0"):
        take_balanced(labelled(neg=6), 0)
    with pytest.raises(ValueError, match="'index' is missing"):
        take_balanced(labelled(neg=6).drop("index"), 2)


@given(st.integers(1, 10), st.integers(1, 10))
def test_prefixes_are_nested_and_balanced(a: int, b: int) -> None:
    labels = ["positive", "negative"] * 20
    ids = [f"r{row}" for row in range(40)]
    rows = shuffled(pl.DataFrame({"id": ids, "label": labels}), 0, "x")
    small, large = (prefix_in_proportion(rows, 2 * n) for n in sorted((a, b)))
    assert set(small["id"]) <= set(large["id"])
    assert large.filter(label="positive").height == max(a, b)


def test_a_prefix_of_tickets_keeps_their_proportions() -> None:
    sizes = {"a": 90, "b": 60, "c": 40, "d": 25, "e": 15, "f": 10}
    rows = pl.DataFrame({"label": [label for label, rows in sizes.items() for _ in range(rows)]})
    rows = rows.with_row_index("id")
    natural = label_counts(prefix_in_proportion(rows, 80))
    assert natural == {"a": 30, "b": 20, "c": 14, "d": 8, "e": 5, "f": 3}
    equal = equal_weights(rows)
    assert label_counts(prefix_in_proportion(rows, 20, equal)) == {
        "a": 4,
        "b": 4,
        "c": 3,
        "d": 3,
        "e": 3,
        "f": 3,
    }
    with pytest.raises(ValueError, match=r"66 rows were wanted, 11 of 'a'.* 10 of 'f'$"):
        prefix_in_proportion(rows, 66, equal)


def test_a_label_that_is_named_twice_is_taken_twice_as_often() -> None:
    assert take_balanced(labelled(neg=6, pos=4), 6, labels=["neg", "pos", "neg"])[
        "label"
    ].value_counts().sort("label").rows() == [("neg", 4), ("pos", 2)]
