"""Canonical rows and splits."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixtura.data import (
    balanced_prefix,
    canonical_rows,
    rated_rows,
    shuffled,
    split_rows,
)
from mixtura.mix import mix_rows
from mixtura.tables import read_table

LABELS = {"1": "positive", "0": "negative"}


def labelled(rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [f"r{row}" for row in range(rows)],
            "text": [f"text {row}" for row in range(rows)],
            "label": ["positive", "negative"] * (rows // 2),
        }
    )


def test_labels_become_words_and_duplicates_go() -> None:
    frame = pl.DataFrame({"say": [" good ", "bad", "good"], "y": [1, 0, 1]})
    rows = canonical_rows(frame, "say", "y", LABELS, "real")
    assert rows.select("text", "label").rows() == [("good", "positive"), ("bad", "negative")]
    assert rows["id"].n_unique() == 2


@pytest.mark.parametrize(
    ("texts", "labels", "told"),
    [
        (["a", "  "], [1, 0], "row 2: the text is empty"),
        (["a", None], [1, 0], "row 2: the text is empty"),
        (["a", "b", "c"], [1, 7, 8], r"row 2: label '7' is not in task.labels \(1, 0\); 2 such"),
        (["a"], [None], "row 1: label None"),
    ],
)
def test_a_bad_row_is_named(texts: list[str], labels: list[int], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        canonical_rows(pl.DataFrame({"text": texts, "label": labels}), "text", "label", LABELS, "r")


def test_bytes_that_are_not_utf8_name_the_row(tmp_path) -> None:
    (tmp_path / "rows.csv").write_bytes(b"text,label\nfine,1\ncaf\xe9,0\n")
    frame = read_table(tmp_path / "rows.csv")
    with pytest.raises(ValueError, match="row 2: the text is not UTF-8"):
        canonical_rows(frame, "text", "label", LABELS, "real")


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="no column 'text'; columns are: review, label"):
        canonical_rows(pl.DataFrame({"review": ["a"], "label": [1]}), "text", "label", LABELS, "r")


def test_ratings_between_the_bounds_are_left_out() -> None:
    rows = rated_rows("1\t0.5\tfine\n2\t-0.5\tpoor\n3\t0.4\tmeh\n4\t-3.1\twith\ttab\n")
    assert rows.rows() == [("fine", "positive"), ("poor", "negative"), ("with\ttab", "negative")]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_files_of_every_kind_read_the_same(suffix: str, tmp_path) -> None:
    frame = pl.DataFrame({"text": ['say "no", twice', "ça va"], "label": ["a", "b"]})
    path = str(tmp_path / f"rows.{suffix}")
    write = {
        "csv": frame.write_csv,
        "tsv": lambda file: frame.write_csv(file, separator="\t"),
        "jsonl": frame.write_ndjson,
        "parquet": frame.write_parquet,
    }
    write[suffix](path)
    assert read_table(path).equals(frame)


def test_another_suffix_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rows.pkl: allowed are .csv"):
        read_table("rows.pkl")


@given(st.randoms(use_true_random=False), st.integers(0, 5))
def test_splits_are_disjoint_balanced_and_free_of_order(rng, seed: int) -> None:
    rows = labelled(60)
    splits = split_rows(rows, test=20, reference=12, examples=8, seed=seed)
    assert sorted(splits["id"]) == sorted(rows["id"])
    counts = dict(splits.group_by("split", "label").len().select("split", "len").iter_rows())
    assert counts == {"test": 10, "reference": 6, "examples": 4, "pool": 10}
    order = list(range(60))
    rng.shuffle(order)
    assert split_rows(rows[order], 20, 12, 8, seed).equals(splits)


def test_a_label_with_too_few_rows_is_named() -> None:
    with pytest.raises(ValueError, match=r"label 'negative' has 30 rows.* need 35 of each"):
        split_rows(labelled(60).sort("label"), test=40, reference=20, examples=10, seed=0)


@given(st.integers(1, 10), st.integers(1, 10))
def test_prefixes_are_nested_and_balanced(a: int, b: int) -> None:
    rows = shuffled(labelled(40), 0, "x")
    small, large = (balanced_prefix(rows, 2 * n) for n in sorted((a, b)))
    assert set(small["id"]) <= set(large["id"])
    assert large.filter(label="positive").height == max(a, b)


SIZES = {"n_real": 4, "n_generated": 6, "study_seed": 1}


def test_a_mix_is_ids_and_sources_and_changes_with_the_seed() -> None:
    splits = split_rows(labelled(60), 20, 12, 8, 0)
    generated = labelled(20).with_columns(pl.col("id").str.replace("r", "g"))
    mixes = [mix_rows(splits, generated, draw="fixed", seed=seed, **SIZES) for seed in (0, 0, 1)]
    assert mixes[0].equals(mixes[1]) and mixes[0].columns == ["id", "source"]
    real, made = ([m.filter(source=s) for m in mixes] for s in ("real", "generated"))
    assert real[0].equals(real[2])  # one draw for all seeds
    assert set(made[0]["id"]) != set(made[2]["id"])
    assert set(real[0]["id"]) <= set(splits.filter(split="examples")["id"])


def test_a_mix_never_holds_test_or_reference_rows() -> None:
    splits = split_rows(labelled(60), 20, 12, 8, 0)
    kept = set(splits.filter(pl.col("split").is_in(["test", "reference"]))["id"])
    drawn = [
        mix_rows(splits, None, n_real=20, n_generated=0, draw="per-seed", study_seed=1, seed=seed)
        for seed in range(5)
    ]
    assert all(kept.isdisjoint(mix["id"]) for mix in drawn)
    assert len({frozenset(mix["id"]) for mix in drawn}) > 1


@pytest.mark.parametrize(
    ("n_real", "n_generated", "told"),
    [(0, 0, "empty mix"), (0, 4, "no set is given"), (100, 0, "100 rows in equal parts")],
)
def test_a_mix_that_cannot_be_made_is_an_error(n_real: int, n_generated: int, told: str) -> None:
    splits = split_rows(labelled(60), 20, 12, 8, 0)
    with pytest.raises(ValueError, match=told):
        mix_rows(
            splits, None, n_real=n_real, n_generated=n_generated, draw="fixed", study_seed=1, seed=0
        )
