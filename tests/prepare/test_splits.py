"""Splits keep test, reference and training apart."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixtura.core.draw import prefix_in_proportion
from mixtura.prepare.sizes import fold_counts
from mixtura.prepare.splits import real_order, split_rows, without_split


def labelled(rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [f"r{row}" for row in range(rows)],
            "text": [f"text {row}" for row in range(rows)],
            "label": ["positive", "negative"] * (rows // 2),
        }
    )


@given(st.randoms(use_true_random=False), st.integers(0, 5))
def test_splits_are_disjoint_balanced_and_free_of_order(rng, seed: int) -> None:
    rows = labelled(60)
    splits = split_rows(rows, test=20, reference=12, seed=seed)
    assert sorted(splits["id"]) == sorted(rows["id"])
    counts = dict(splits.group_by("split", "label").len().select("split", "len").iter_rows())
    assert counts == {"test": 10, "reference": 6, "pool": 14}
    order = list(range(60))
    rng.shuffle(order)
    assert split_rows(rows[order], 20, 12, seed).equals(splits)


@pytest.mark.parametrize("group", [None, "passage"])
def test_a_larger_reference_moves_no_test_row_and_no_development_row(group: str | None) -> None:
    rows = labelled(200).with_columns(passage=pl.int_range(200) // 4)
    small, large = (
        split_rows(rows, 40, reference, 1, group, development=12) for reference in (32, 64)
    )
    for name in ("test", "development"):
        assert set(small.filter(split=name)["id"]) == set(large.filter(split=name)["id"])
    common = set(small.filter(split="reference")["id"]) & set(large.filter(split="reference")["id"])
    assert len(common) == 32 and large.filter(split="reference").height == 64


def test_too_few_rows_are_named() -> None:
    with pytest.raises(ValueError, match=r"20 rows are left for reference, 30 needed"):
        split_rows(labelled(60).sort("label"), test=40, reference=30, seed=0)


TICKETS = {"refund": 90, "delivery": 60, "login": 40, "invoice": 25, "other": 15, "praise": 10}


def tickets() -> pl.DataFrame:
    labels = [label for label, count in TICKETS.items() for _ in range(count)]
    texts = [f"ticket number {row}" for row in range(len(labels))]
    return pl.DataFrame({"id": [f"r{row}" for row in range(240)], "text": texts, "label": labels})


def counts_of(splits: pl.DataFrame, split: str) -> list[int]:
    counts = dict(splits.filter(split=split)["label"].value_counts().iter_rows())
    return [counts.get(label, 0) for label in TICKETS]


def test_skewed_tickets_keep_their_proportions_or_are_equal() -> None:
    splits = split_rows(tickets(), 80, 60, 0, reference_balance="natural")
    assert counts_of(splits, "test") == [30, 20, 14, 8, 5, 3]
    assert sum(counts_of(splits, "reference")) == 60 and min(counts_of(splits, "reference")) > 1
    assert splits["split"].value_counts().sort("split")["count"].to_list() == [100, 60, 80]
    equal = split_rows(tickets(), 20, 13, 0, balance="equal")
    assert sorted(counts_of(equal, "test")) == [3, 3, 3, 3, 4, 4]
    assert sorted(counts_of(equal, "reference")) == [2, 2, 2, 2, 2, 3]
    with pytest.raises(ValueError, match=r"label 'praise' has 6 rows left for reference, 10 need"):
        split_rows(tickets(), 24, 60, 0, balance="equal")
    with pytest.raises(ValueError, match=r"40 rows are left for reference, 60 needed"):
        split_rows(tickets(), 200, 60, 0, reference_balance="natural")


def test_near_copies_never_stand_on_two_sides() -> None:
    rows = tickets()
    copies = rows.with_columns(
        id=pl.format("c{}", "id"), text=pl.format("{}!", pl.col("text").str.to_uppercase())
    )
    both = pl.concat([rows, copies])
    splits = split_rows(both, 80, 60, 0, reference_balance="natural")
    place = dict(splits.select("id", "split").iter_rows())
    assert sum(split == "test" for split in place.values()) == 80
    for row in rows["id"]:  # one of the two has no side, or both are in the pool
        assert {place.get(row), place.get(f"c{row}")} - {None, "pool"} == {
            place.get(row) or place.get(f"c{row}")
        } - {"pool"}
        if place.get(row) and place.get(f"c{row}"):
            assert place[row] == place[f"c{row}"] == "pool"
    assert (
        split_rows(both.reverse(), 80, 60, 0, reference_balance="natural")
        .sort("id")
        .equals(splits.sort("id"))
    )


def questions(rows: int, contexts: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [f"r{row}" for row in range(rows)],
            "label": "qa",
            "text": [f"question {row}" for row in range(rows)],
            "context": [f"context {row % contexts}" for row in range(rows)],
        }
    )


@given(st.integers(0, 30), st.integers(12, 40))
def test_no_context_stands_on_two_sides(seed: int, contexts: int) -> None:
    rows = questions(120, contexts)
    splits = split_rows(rows, 30, 20, seed, group="context").join(rows, on="id")
    counts = dict(splits["split"].value_counts().iter_rows())
    assert (counts["test"], counts["reference"]) == (30, 20) and counts["pool"] > 40
    sides = splits.select("context", "split").unique()
    assert sides["context"].is_unique().all()
    # Only questions of the last context of test and of reference are left out.
    assert 120 - splits.height <= 2 * (120 // contexts)


def test_contexts_that_do_not_suffice_are_told() -> None:
    with pytest.raises(ValueError, match=r"reference: 0 rows are left of 40; 15 wanted"):
        split_rows(questions(40, 1), 15, 15, 0, group="context")


def test_a_replicate_has_an_order_of_the_pool_that_other_rows_do_not_change() -> None:
    splits = split_rows(labelled(200), 40, 32, 1)
    first, second = (real_order(splits, 1, replicate) for replicate in (0, 1))
    assert set(first["id"]) == set(second["id"]) == set(splits.filter(split="pool")["id"])
    few = [prefix_in_proportion(order, 8)["id"].to_list() for order in (first, second)]
    assert set(few[0]) != set(few[1])
    assert set(few[0]) < set(prefix_in_proportion(first, 16)["id"])
    left = splits.filter(pl.col("id") != splits.filter(split="pool")["id"][0])
    same = pl.col("id").is_in(left["id"].implode())
    assert real_order(left, 1, 0)["id"].equals(first.filter(same)["id"])


@pytest.mark.parametrize("group", [None, "passage"])
def test_every_row_is_a_test_row_once_in_folds(group: str | None) -> None:
    rows = tickets().with_columns(passage=pl.int_range(240) // 7)
    sizes = {"reference": 40, "reference_balance": "natural", "development": 8, "group": group}
    tested: list[str] = []
    for replicate in range(6):  # three folds, twice
        splits = split_rows(rows, None, seed=1, folds=3, replicate=replicate, **sizes)
        of = {name: set(splits.filter(split=name)["id"]) for name in splits["split"].unique()}
        assert sum(map(len, of.values())) == splits.height == splits["id"].n_unique()
        assert 77 <= len(of["test"]) <= 84 and len(of["reference"]) == 40
        if group:
            sides = splits.join(rows, on="id").select("passage", "split").unique()
            assert sides["passage"].is_unique().all()
        else:
            assert counts_of(splits, "test") in fold_numbers()
        tested += sorted(of["test"])
    assert sorted(tested[: len(tested) // 2]) == sorted(tested[len(tested) // 2 :])
    assert set(tested) == set(rows["id"]) and len(tested) == 480


def fold_numbers() -> list[list[int]]:
    return [[fold[label] for label in TICKETS] for fold in fold_counts(TICKETS, 3)]


def test_folds_have_a_third_of_each_label() -> None:
    assert sorted(map(sum, fold_numbers())) == [80, 80, 80]
    assert {tuple(sorted(of_label)) for of_label in zip(*fold_numbers(), strict=True)} == {
        *((30, 30, 30), (20, 20, 20), (13, 13, 14), (8, 8, 9), (5, 5, 5), (3, 3, 4))
    }


def sided() -> pl.DataFrame:
    """Tickets, ten of which a test set of its own holds in capitals, and text without labels."""
    rows = tickets().with_columns(side=pl.lit(None, pl.String))
    test = rows.head(10).with_columns(
        id=pl.format("t{}", "id"), text=pl.col("text").str.to_uppercase(), side=pl.lit("test")
    )
    more = rows.head(60).with_columns(
        id=pl.format("u{}", "id"),
        text=pl.format(
            "{}{}",
            "text",
            pl.when(pl.int_range(60) < 20).then(pl.lit("!")).otherwise(pl.lit(" more")),
        ),
        label=pl.lit("text"),
        side=pl.lit("unlabelled"),
    )
    return pl.concat([more, rows, test])


def test_a_test_set_of_its_own_takes_its_copies_from_the_training_data() -> None:
    sides = ["test", "unlabelled"]
    splits = split_rows(sided(), None, 30, 0, sides=sides)
    of = {name: splits.filter(split=name)["id"] for name in ("test", "reference", "pool")}
    assert of["test"].str.starts_with("t").all() and len(of["test"]) == 10
    assert of["reference"].str.starts_with("u").all() and len(of["reference"]) == 30
    assert set(of["pool"]) == set(tickets()["id"][10:])
    assert without_split(sided(), splits) == {
        "near-copies of a row in a split": 20,
        "of task.data, near-copies of task.test rows": 10,
        "of task.unlabelled, not drawn": 10,
    }
    some = split_rows(sided(), 4, 30, 0, sides=sides)
    assert some.filter(split="test").height == 4
    assert set(some.filter(split="pool")["id"]) == set(of["pool"])
    with pytest.raises(ValueError, match=r"task.reference: 50 rows were wanted.* in task.unlabel"):
        split_rows(sided(), None, 50, 0, sides=sides)
