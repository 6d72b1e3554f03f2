"""Canonical rows and splits."""

import json
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixtura.data import canonical_rows, rated_rows, read_rows, task_rows
from mixtura.draw import balanced_prefix, shuffled
from mixtura.mix import mix_rows
from mixtura.splits import split_rows
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


@pytest.mark.parametrize("group", [None, "passage"])
def test_a_larger_reference_moves_no_example_and_no_test_row(group: str | None) -> None:
    rows = labelled(200).with_columns(passage=pl.int_range(200) // 4)
    small, large = (
        split_rows(rows, 40, reference, 20, 1, group, development=12) for reference in (32, 64)
    )
    for name in ("test", "examples", "development"):
        if not group or name != "examples":
            assert set(small.filter(split=name)["id"]) == set(large.filter(split=name)["id"])
    kept = set(small.filter(split="reference")["id"]) & set(large.filter(split="reference")["id"])
    assert len(kept) == 32 and large.filter(split="reference").height == 64


def test_a_label_with_too_few_rows_is_named() -> None:
    with pytest.raises(ValueError, match=r"label 'negative' has 30 rows.* need 35 of each"):
        split_rows(labelled(60).sort("label"), test=40, reference=20, examples=10, seed=0)


@given(st.integers(1, 10), st.integers(1, 10))
def test_prefixes_are_nested_and_balanced(a: int, b: int) -> None:
    rows = shuffled(labelled(40), 0, "x")
    small, large = (balanced_prefix(rows, 2 * n) for n in sorted((a, b)))
    assert set(small["id"]) <= set(large["id"])
    assert large.filter(label="positive").height == max(a, b)


def arm(n_real: int, n_generated: int = 0, draw: str = "fixed") -> dict[str, Any]:
    sizes = {"n_real": n_real, "n_generated": n_generated, "repeat_to": 0}
    return {**sizes, "draw": draw, "study_seed": 1}


def test_a_mix_is_ids_and_sources_and_changes_with_the_seed() -> None:
    splits = split_rows(labelled(60), 20, 12, 8, 0)
    generated = labelled(20).with_columns(pl.col("id").str.replace("r", "g"))
    mixes = [mix_rows(splits, generated, arm(4, 6), seed) for seed in (0, 0, 1)]
    assert mixes[0].equals(mixes[1]) and mixes[0].columns == ["id", "source"]
    real, made = ([m.filter(source=s) for m in mixes] for s in ("real", "generated"))
    assert real[0].equals(real[2])  # one draw for all seeds
    assert set(made[0]["id"]) != set(made[2]["id"])
    assert set(real[0]["id"]) <= set(splits.filter(split="examples")["id"])


def test_a_mix_never_holds_test_or_reference_rows() -> None:
    splits = split_rows(labelled(60), 20, 12, 8, 0)
    kept = set(splits.filter(pl.col("split").is_in(["test", "reference"]))["id"])
    drawn = [mix_rows(splits, None, arm(20, draw="per-seed"), seed) for seed in range(5)]
    assert all(kept.isdisjoint(mix["id"]) for mix in drawn)
    assert len({frozenset(mix["id"]) for mix in drawn}) > 1


@pytest.mark.parametrize(
    ("n_real", "n_generated", "told"),
    [(0, 4, "no set is given"), (100, 0, "100 rows in equal parts")],
)
def test_a_mix_that_cannot_be_made_is_an_error(n_real: int, n_generated: int, told: str) -> None:
    splits = split_rows(labelled(60), 20, 12, 8, 0)
    with pytest.raises(ValueError, match=told):
        mix_rows(splits, None, arm(n_real, n_generated), 0)


QA = {"context": "context", "question": "question", "answer": "answer"}


def squad(path, **last) -> str:
    """A SQuAD file of one article, two contexts and four questions."""
    questions = [
        {"question": "Who?", "answers": [{"text": "Ann"}, {"text": "Ann"}, {"text": "Ann Lee"}]},
        {"question": "Where?", "answers": [{"text": "Rome"}]},
        {"question": "Why?", "is_impossible": True, "answers": [], "plausible_answers": []},
    ]
    other = {"question": "Who?", "answers": [{"text": "Bo"}], **last}
    paragraphs = [
        {"context": "Ann Lee lives in Rome.", "qas": questions},
        {"context": "Bo sings.", "qas": [other]},
    ]
    document = {"version": "v2.0", "data": [{"title": "People", "paragraphs": paragraphs}]}
    path.write_text(json.dumps(document))
    return str(path)


def test_squad_questions_keep_their_context_and_their_different_answers(tmp_path) -> None:
    frame = read_rows(squad(tmp_path / "squad.json"))
    rows = task_rows(frame, "qa", QA, None, "real")
    assert frame.height == 4 and rows.height == 3  # the impossible question went
    assert rows["answers"].to_list() == [["Ann", "Ann Lee"], ["Rome"], ["Bo"]]
    assert rows["text"].to_list() == rows["question"].to_list() == ["Who?", "Where?", "Who?"]
    assert rows["id"].n_unique() == 3 and set(rows["label"]) == {"qa"}


def test_answers_read_the_same_from_every_shape() -> None:
    base = {"context": ["c", "d"], "question": ["q", "r"]}
    shapes = [
        (["x", "y"], pl.String),
        ([["x"], ["y"]], pl.List(pl.String)),
        ([{"text": ["x"]}, {"text": ["y"]}], pl.Struct({"text": pl.List(pl.String)})),
    ]
    found = [
        task_rows(
            pl.DataFrame(base).with_columns(pl.Series("answer", values, kind)), "qa", QA, None, "r"
        )
        for values, kind in shapes
    ]
    assert found[0]["answers"].to_list() == [["x"], ["y"]]
    assert found[0].equals(found[1]) and found[0].equals(found[2])


def test_a_squad_file_that_lacks_a_field_names_its_article(tmp_path) -> None:
    path = tmp_path / "squad.json"
    squad(path)
    path.write_text(path.read_text().replace('"qas"', '"questions"'))
    with pytest.raises(ValueError, match=r"article 1 \(People\) lacks 'qas'"):
        read_rows(path)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json", "parquet"])
def test_instructions_are_measured_with_their_responses(suffix: str, tmp_path) -> None:
    frame = pl.DataFrame({"ask": ["Add 1 and 2.", "Name a tree."], "reply": ["3", "Oak"]})
    path = tmp_path / f"rows.{suffix}"
    write = {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet}
    write.get(suffix, frame.write_json)(path)
    columns = {"prompt": "ask", "response": "reply"}
    rows = task_rows(read_rows(path), "instruction", columns, None, "real")
    assert rows.columns == ["id", "text", "label", "prompt", "response"]
    assert rows["text"].to_list() == ["Add 1 and 2.\n3", "Name a tree.\nOak"]


def test_plain_text_has_one_constant_label() -> None:
    frame = pl.DataFrame({"body": ["one", "two", "one"]})
    rows = task_rows(frame, "text", {"text": "body"}, None, "real")
    assert rows.select("text", "label").rows() == [("one", "text"), ("two", "text")]


@pytest.mark.parametrize(
    ("kind", "frame", "told"),
    [
        ("qa", {"context": ["c"], "question": [""], "answer": ["a"]}, "row 1: the question is em"),
        (
            "qa",
            {"context": ["c", "c"], "question": ["q", "r"], "answer": ["a", None]},
            "row 2: the answer is empty",
        ),
        ("qa", {"context": ["c"], "question": ["q"]}, "no column 'answer'; columns are: context"),
        ("text", {"text": ["fine", "caf\ufffd"]}, "row 2: the text is not UTF-8"),
    ],
)
def test_a_bad_field_is_named(kind: str, frame: dict[str, list[str]], told: str) -> None:
    columns = QA if kind == "qa" else {"text": "text"}
    with pytest.raises(ValueError, match=told):
        task_rows(pl.DataFrame(frame), kind, columns, None, "real")


def questions(rows: int, contexts: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [f"r{row}" for row in range(rows)],
            "label": "qa",
            "context": [f"context {row % contexts}" for row in range(rows)],
        }
    )


@given(st.integers(0, 30), st.integers(12, 40))
def test_no_context_stands_on_two_sides(seed: int, contexts: int) -> None:
    rows = questions(120, contexts)
    splits = split_rows(rows, 30, 20, 10, seed, group="context").join(rows, on="id")
    counts = dict(splits["split"].value_counts().iter_rows())
    assert (counts["test"], counts["reference"], counts["examples"]) == (30, 20, 10)
    side = pl.col("split").replace("examples", "pool")
    sides = splits.select("context", side).unique()
    assert sides["context"].is_unique().all()
    # Only questions of the last context of test and of reference are left out.
    assert 120 - splits.height <= 2 * (120 // contexts)


def test_contexts_that_do_not_suffice_are_told() -> None:
    with pytest.raises(ValueError, match=r"examples: 0 rows are left of 40 in groups of context"):
        split_rows(questions(40, 2), 15, 15, 4, 0, group="context")


def test_repeated_rows_are_the_same_rows_in_equal_parts() -> None:
    splits = split_rows(labelled(60), 20, 12, 8, 0)
    once = mix_rows(splits, None, arm(4), 0)["id"].to_list()
    again = mix_rows(splits, None, {**arm(4), "repeat_to": 10}, 0)
    assert set(again["id"]) == set(once)
    times = again.join(splits, on="id").group_by("label", "id").len()
    assert dict(times.group_by("label").agg(pl.col("len").sum()).iter_rows()) == {
        "positive": 5,
        "negative": 5,
    }
    assert set(times["len"]) == {2, 3}
    untrained = mix_rows(splits, None, arm(0), 0)
    assert untrained.is_empty() and untrained.columns == ["id", "source"]


@pytest.mark.parametrize("draw", ["fixed", "per-seed"])
def test_few_labels_are_nested_and_balanced_in_every_seed(draw: str) -> None:
    splits = split_rows(labelled(100), 20, 12, 8, 0)
    label = dict(splits.select("id", "label").iter_rows())
    for seed in range(4):
        draws = [mix_rows(splits, None, arm(n, draw=draw), seed)["id"].to_list() for n in (2, 4, 8)]
        for small, large in pairwise(draws):
            assert set(small) < set(large)
        assert all(sum(label[row] == "positive" for row in ids) == len(ids) / 2 for ids in draws)
