"""Derived sets: paraphrases replace rows and stay, levels are nested, shares are equal."""

import random

import polars as pl
import pytest

from mixtura.curate import curate
from mixtura.derive import accept_paraphrases, combine_sets, replace_rows, stage_counts
from mixtura.dials import paraphrase
from mixtura.dials.base import Given
from mixtura.prompting import render
from mixtura.templates import template_text
from mixtura.text import COUNTS

LABELS = ["neg", "pos"]


def _words(seed: int) -> str:
    rng = random.Random(seed)
    return " ".join("".join(rng.choices("abcdefgh", k=5)) for _ in range(8))


def base(rows: int = 20) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [f"b{row:02}" for row in range(rows)],
            "index": range(rows),
            "text": [_words(row) for row in range(rows)],
            "label": [LABELS[row % 2] for row in range(rows)],
            "topic": [f"topic{row}" for row in range(rows)],
            "answer": [f"answer {row}" for row in range(rows)],
        }
    )


def made(sources: int = 4, each: int = 4) -> pl.DataFrame:
    """Near-duplicate paraphrases of the first rows of the base; each first one is the source."""
    texts = base()["text"].to_list()
    rows = [
        {
            "id": f"p{source}-{number}",
            "index": source * each + number,
            "text": texts[source].upper() if number == 0 else f"{texts[source]} again{number}",
            "label": LABELS[source % 2],
            "topic": None,
            "example_ids": [f"b{source:02}"],
        }
        for source in range(sources)
        for number in range(each)
    ]
    return pl.DataFrame(rows, schema_overrides={"topic": pl.String})


def level(take: int, *, reserved: int = 4, each: int = 2) -> pl.DataFrame:
    accepted, _ = accept_paraphrases(made(), base(), each)
    rows, _ = replace_rows(
        base(), accepted, base(), labels=LABELS, take=take, each=each, reserved=reserved, seed=1
    )
    return rows


def test_prompts_give_every_source_its_attempts_labels_in_turn() -> None:
    rows = [("a", "first", "neg"), ("b", "second", "neg"), ("c", "third", "pos")]
    given = Given(rows, LABELS, 2, (1,))
    specs = paraphrase.specify({"attempts": 2}, given, range(0, 99))
    assert [spec.examples[0][0] for spec in specs] == ["a", "a", "c", "c", "b", "b"]
    assert paraphrase.specify({"attempts": 2}, given, range(4, 8)) == specs[4:]
    assert paraphrase.specify({"attempts": 2}, given, range(6, 8)) == []
    prompt = render(template_text("paraphrase"), specs[2], "review")
    assert prompt.endswith("Sentence: third\nThe same in other words:")


def test_a_paraphrase_differs_from_its_source_and_from_the_others() -> None:
    texts = [
        "One two three four.",
        "four three two one",
        "FOUR three, two one",
        "no",
        "1 2 3 4",
        "x y z v",
    ]
    rows = pl.DataFrame(
        {
            "id": list("abcdef"),
            "index": range(6),
            "text": texts,
            "example_ids": [["s"]] * 6,
        }
    )
    sources = pl.DataFrame({"id": ["s"], "text": ["one two three four"]})
    accepted, refused = accept_paraphrases(rows, sources, 2)
    assert accepted["id"].to_list() == ["b", "e"] and set(accepted["source_id"]) == {"s"}
    assert dict(refused["id", "reason"].iter_rows()) == {
        "a": "same as its source",
        "c": "repeated",
        "d": "not the length of its source",
        "f": "more than are needed",
    }
    counts = stage_counts({"paraphrase": 6}, refused)
    assert counts["removed"].sum() == 4 and set(counts["rows_out"]) == {2}
    assert dict(counts.schema) == COUNTS  # stands below those of curation in one table


def test_a_level_keeps_n_and_labels_and_gives_what_a_source_has_to_its_paraphrases() -> None:
    for take in (0, 2, 4):
        rows = level(take)
        assert rows.height == 20 and rows["id"].n_unique() == 20
        assert dict(rows["label"].value_counts().iter_rows()) == {"neg": 10, "pos": 10}
        new = rows.filter(pl.col("source_id").is_not_null())
        assert new.height == 2 * take and new["source_id"].n_unique() == take
        told = new.join(base(), left_on="source_id", right_on="id", suffix="_source")
        for column in ("label", "topic", "answer"):
            assert told[column].to_list() == told[f"{column}_source"].to_list()
        assert set(new["source_id"]) <= set(rows["id"])  # a generated source stays


def test_levels_are_nested() -> None:
    few, many = (set(level(take)["id"]) for take in (2, 4))
    of = {ids: {row for row in ids if row.startswith("p")} for ids in map(frozenset, (few, many))}
    assert of[frozenset(few)] < of[frozenset(many)]
    assert {row for row in many if row.startswith("b")} < {
        row for row in few if row.startswith("b")
    }


def test_paraphrases_survive_because_curation_comes_before_them() -> None:
    """Curation of a level would remove the near-duplicates that make it low."""
    rows = level(4)
    kept, removed, _ = curate(rows, {"fuzzy": {"threshold": 0.7}})
    assert level(0).height == curate(level(0), {"fuzzy": {"threshold": 0.7}})[0].height
    assert removed.height >= 8 and rows.height == 20 > kept.height


def test_too_few_paraphrases_name_the_source() -> None:
    accepted, _ = accept_paraphrases(made(each=2), base(), 2)
    with pytest.raises(ValueError, match=r"4 of 4 source texts .* 2 accepted(.|\n)*1 for '"):
        replace_rows(base(), accepted, base(), labels=LABELS, take=4, each=2, reserved=4, seed=1)


def test_real_sources_are_not_in_the_set() -> None:
    real = base().select(pl.col("id").str.replace("b", "r"), "text", "label")
    rows = made().with_columns(pl.col("example_ids").list.eval(pl.element().str.replace("b", "r")))
    accepted, _ = accept_paraphrases(rows, real, 2)
    got, gone = replace_rows(
        base(), accepted, real, labels=LABELS, take=4, each=2, reserved=0, seed=1
    )
    assert got.height == 20 and gone.height == 8
    assert got.filter(pl.col("source_id").is_not_null())["topic"].null_count() == 8


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


def test_a_paraphrased_question_keeps_its_context_and_answer() -> None:
    asked = base().with_columns(question="text", context=pl.col("answer") + " stands here")
    accepted, _ = accept_paraphrases(made(), asked, 2)
    rows, _ = replace_rows(
        asked, accepted, asked, labels=LABELS, take=2, each=2, reserved=4, seed=1
    )
    new = rows.filter(pl.col("source_id").is_not_null())
    assert new.height == 4 and (new["question"] == new["text"]).all()
    source = new.join(asked, left_on="source_id", right_on="id", suffix="_of")
    assert (source["context"] == source["context_of"]).all()
    assert (source["answer"] == source["answer_of"]).all()
    assert (source["question"] != source["question_of"]).all()
