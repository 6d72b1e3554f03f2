"""Paraphrases replace rows of a set and stay, and levels are nested."""

import random

import polars as pl
import pytest

from mixtura.curate.counts import COUNTS, stage_counts
from mixtura.curate.pool import curate
from mixtura.curate.replace import accept_paraphrases, replace_rows
from mixtura.curate.settings import Curation, Filters, ReplaceSettings
from mixtura.generate.dials import paraphrase
from mixtura.generate.dials.base import Material
from mixtura.generate.prompting import render
from mixtura.generate.templates import template_text

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


def paraphrases(sources: int = 4, each: int = 4) -> pl.DataFrame:
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


def settings(sources: int, reserved: int = 4) -> ReplaceSettings:
    """Of a level that takes two paraphrases each of so many sources."""
    return ReplaceSettings(
        key="pipelines.again",
        sources=sources,
        paraphrases=2,
        reserved=reserved,
        labels=LABELS,
        seed=1,
    )


def level(take: int) -> pl.DataFrame:
    accepted, _ = accept_paraphrases(paraphrases(), base(), 2)
    rows, _ = replace_rows(base(), accepted, base(), settings(take))
    return rows


def test_prompts_give_every_source_its_attempts_labels_in_turn() -> None:
    rows = [("a", "first", "neg"), ("b", "second", "neg"), ("c", "third", "pos")]
    material, pool = Material(rows, LABELS, 2, (1,)), paraphrase.ParaphrasePool(attempts=2)
    prompts = paraphrase.specify(pool, material, range(0, 99))
    assert [prompt.examples[0][0] for prompt in prompts] == ["a", "a", "c", "c", "b", "b"]
    assert paraphrase.specify(pool, material, range(4, 8)) == prompts[4:]
    assert paraphrase.specify(pool, material, range(6, 8)) == []
    text = render(template_text("paraphrase"), prompts[2], "review")
    assert text.endswith("Sentence: third\nThe same in other words:")


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
        joined = new.join(base(), left_on="source_id", right_on="id", suffix="_source")
        for column in ("label", "topic", "answer"):
            assert joined[column].to_list() == joined[f"{column}_source"].to_list()
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
    wording = Curation(exact=False, filters=Filters(), decontaminate=None)
    remaining, removed, _ = curate(rows, wording)
    assert level(0).height == curate(level(0), wording)[0].height
    assert removed.height >= 8 and rows.height == 20 > remaining.height


def test_too_few_paraphrases_name_the_source() -> None:
    accepted, _ = accept_paraphrases(paraphrases(each=2), base(), 2)
    with pytest.raises(ValueError, match=r"4 of 4 source texts .* 2 accepted(.|\n)*1 for '"):
        replace_rows(base(), accepted, base(), settings(4))


def test_real_sources_are_not_in_the_set() -> None:
    real = base().select(pl.col("id").str.replace("b", "r"), "text", "label")
    rows = paraphrases().with_columns(
        pl.col("example_ids").list.eval(pl.element().str.replace("b", "r"))
    )
    accepted, _ = accept_paraphrases(rows, real, 2)
    rows, replaced = replace_rows(base(), accepted, real, settings(4, reserved=0))
    assert rows.height == 20 and replaced.height == 8
    assert rows.filter(pl.col("source_id").is_not_null())["topic"].null_count() == 8


def test_a_paraphrased_question_keeps_its_context_and_answer() -> None:
    questions = base().with_columns(question="text", context=pl.col("answer") + " stands here")
    accepted, _ = accept_paraphrases(paraphrases(), questions, 2)
    rows, _ = replace_rows(questions, accepted, questions, settings(2))
    new = rows.filter(pl.col("source_id").is_not_null())
    assert new.height == 4 and (new["question"] == new["text"]).all()
    source = new.join(questions, left_on="source_id", right_on="id", suffix="_of")
    assert (source["context"] == source["context_of"]).all()
    assert (source["answer"] == source["answer_of"]).all()
    assert (source["question"] != source["question_of"]).all()
