"""Mixes are drawn in equal parts, nested, and from the rows of their side alone."""

from itertools import pairwise

import polars as pl
import pytest

from mixtura.prepare.splits import split_rows
from mixtura.train.mix import mix_rows, mixes_of_arms
from mixtura.train.settings import Mix


def labelled(rows: int) -> pl.DataFrame:
    ids = [f"r{row}" for row in range(rows)]
    labels = ["positive", "negative"] * (rows // 2)
    return pl.DataFrame({"id": ids, "text": ids, "label": labels})


def arm(n_real: int, n_generated: int = 0, repeat_to: int = 0) -> Mix:
    sizes = {"n_real": n_real, "n_generated": n_generated, "repeat_to": repeat_to}
    return Mix(**sizes, study_seed=1)


def test_a_mix_is_ids_and_sources_and_changes_with_the_seed() -> None:
    splits = split_rows(labelled(60), 20, 12, 0)
    generated = labelled(20).with_columns(pl.col("id").str.replace("r", "g"))
    mixes = [mix_rows(splits, generated, arm(4, 6), 0, seed) for seed in (0, 0, 1)]
    assert mixes[0].equals(mixes[1]) and mixes[0].columns == ["id", "source"]
    real, written = ([m.filter(source=s) for m in mixes] for s in ("real", "generated"))
    assert real[0].equals(real[2])  # one draw for all seeds of a replicate
    assert set(written[0]["id"]) != set(written[2]["id"])
    assert set(real[0]["id"]) <= set(splits.filter(split="pool")["id"])


def test_a_mix_never_holds_test_or_reference_rows() -> None:
    splits = split_rows(labelled(60), 20, 12, 0)
    unseen = set(splits.filter(pl.col("split").is_in(["test", "reference"]))["id"])
    drawn = [mix_rows(splits, None, arm(20), replicate, 0) for replicate in range(5)]
    assert all(unseen.isdisjoint(mix["id"]) for mix in drawn)
    assert len({frozenset(mix["id"]) for mix in drawn}) > 1


@pytest.mark.parametrize(
    ("n_real", "n_generated", "message"),
    [(0, 4, "no set is given"), (100, 0, "100 rows were wanted")],
)
def test_a_mix_that_cannot_be_made_is_an_error(n_real: int, n_generated: int, message: str) -> None:
    splits = split_rows(labelled(60), 20, 12, 0)
    with pytest.raises(ValueError, match=message):
        mix_rows(splits, None, arm(n_real, n_generated), 0, 0)


def test_repeated_rows_are_the_same_rows_in_equal_parts() -> None:
    splits = split_rows(labelled(60), 20, 12, 0)
    once = mix_rows(splits, None, arm(4), 0, 0)["id"].to_list()
    again = mix_rows(splits, None, arm(4, repeat_to=10), 0, 0)
    assert set(again["id"]) == set(once)
    times = again.join(splits, on="id").group_by("label", "id").len()
    assert dict(times.group_by("label").agg(pl.col("len").sum()).iter_rows()) == {
        "positive": 5,
        "negative": 5,
    }
    assert set(times["len"]) == {2, 3}
    untrained = mix_rows(splits, None, arm(0), 0, 0)
    assert untrained.is_empty() and untrained.columns == ["id", "source"]


def test_few_labels_are_nested_and_balanced_in_every_replicate() -> None:
    splits = split_rows(labelled(100), 20, 12, 0)
    label = dict(splits.select("id", "label").iter_rows())
    for replicate in range(4):
        draws = [mix_rows(splits, None, arm(n), replicate, 0)["id"].to_list() for n in (2, 4, 8)]
        for small, large in pairwise(draws):
            assert set(small) < set(large)
        assert all(sum(label[row] == "positive" for row in ids) == len(ids) / 2 for ids in draws)


def test_the_mixes_of_arms_are_those_of_each_arm_alone() -> None:
    splits = split_rows(labelled(60), 20, 12, 0)
    sets = {
        name: labelled(8).with_columns(pl.col("id").str.replace("r", name)) for name in ("a", "b")
    }
    arms = {
        "real": arm(4),
        "single": arm(4, 6).model_copy(update={"sets": ["a"]}),
        "both": arm(2, 16).model_copy(update={"sets": ["a", "b"]}),
    }
    drawn = dict(mixes_of_arms(splits, sets, arms, 1, 3))
    for name, mix in arms.items():
        rows = pl.concat([sets[name] for name in mix.sets]) if mix.sets else None
        assert drawn[name].equals(mix_rows(splits, rows, mix, 1, 3))
    assert len(set(drawn["both"]["id"])) == 18
