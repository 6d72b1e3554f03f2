"""Labels come in proportion to their weights."""

from collections import Counter
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from mixtura.core.proportions import cycle, in_proportion, shares


@given(
    st.dictionaries(st.text(max_size=3), st.integers(1, 200), min_size=1, max_size=8),
    st.integers(0, 300),
)
def test_shares_are_whole_nested_and_nearly_in_proportion(weights, n: int) -> None:
    smaller, larger = shares(n, weights), shares(n + 1, weights)
    assert sum(smaller.values()) == n
    assert all(larger[label] >= rows for label, rows in smaller.items())
    total = sum(weights.values())
    assert shares(total, weights) == weights
    two = dict(list(weights.items())[:2])  # more labels may, rarely, be off by more than one
    for label, rows in shares(n, two).items():
        assert abs(rows - n * two[label] / sum(two.values())) <= 1


@given(
    st.lists(st.one_of(st.integers(0, 50), st.floats(0, 1e9)), max_size=6),
    st.integers(0, 2000),
)
def test_shares_are_those_of_the_labels_in_turn(weights, n: int) -> None:
    if not any(weights):
        n = 0
    named = dict(enumerate(weights))
    counts = Counter(islice(in_proportion(named), n))
    assert shares(n, named) == {label: counts[label] for label in named}


def test_a_billion_rows_take_no_longer_than_ten() -> None:
    assert shares(10**12, {"a": 1, "b": 2, "c": 0}) == {
        "a": 333333333333,
        "b": 666666666667,
        "c": 0,
    }
    assert shares(10**12, dict.fromkeys("abc", 1)) == {
        "a": 333333333334,
        "b": 333333333333,
        "c": 333333333333,
    }


def test_equal_weights_come_in_turn() -> None:
    labels = ["b", "a", "c"]
    assert list(islice(in_proportion(dict.fromkeys(labels, 1)), 7)) == [*labels, *labels, "b"]
    assert list(in_proportion({})) == [] and shares(3, {"a": 0, "b": 2}) == {"a": 0, "b": 3}


def test_a_cycle_has_every_label_in_proportion() -> None:
    assert cycle({"a": 50, "b": 50}) == ["a", "b"] * 50
    labels = cycle({"often": 9998, "rare": 2})
    assert (labels.count("often"), labels.count("rare")) == (100, 1)
    assert cycle({"often": 9989, "rare": 3}) == labels  # a few more rows change nothing
