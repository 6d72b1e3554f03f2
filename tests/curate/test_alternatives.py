"""Operations on words, and labels of a generator in place of generated text."""

import random
from pathlib import Path

import polars as pl
import pytest

from mixtura.core.tables import write_table
from mixtura.curate.alternatives import as_set, labelled_rows
from mixtura.curate.classify import answers_in_parts, texts_to_classify
from mixtura.curate.eda import OPERATIONS, augmented, eda_rows
from mixtura.curate.settings import ClassifySettings, EdaSettings
from mixtura.curate.tables import Curated
from mixtura.generate.backends.base import Backend, Completion
from mixtura.generate.settings import LanguageModel

TEXT = "A fine, brave film; the plot is witty."
REAL = pl.DataFrame(
    {
        "id": ["a", "b", "c"],
        "text": [TEXT, "Dull and noisy.", "电影很好看"],
        "label": ["good", "bad", "good"],
    }
)


@pytest.mark.parametrize("place", range(len(OPERATIONS)))
def test_each_operation_changes_a_share_of_the_words(
    place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mixtura.curate.eda.OPERATIONS", OPERATIONS[place : place + 1])
    changed = augmented(TEXT, 0.25, ["moving"], random.Random(1))
    output = changed.replace(",", "").split()
    counts = {0: (8, 2), 1: (10, 2), 2: (8, 0), 3: (6, 0)}[place]
    assert (len(output), changed.count("moving")) == counts
    assert changed != TEXT and changed.endswith(".")
    if place == 2:
        assert sorted(changed) == sorted(TEXT)


def test_rows_have_labels_in_turn_and_words_of_their_label() -> None:
    rows = eda_rows(REAL, EdaSettings(n=30, alpha=0.2, seed=1))
    assert rows["label"].to_list() == ["good", "bad", "good"] * 10
    assert rows.equals(eda_rows(REAL, EdaSettings(n=30, alpha=0.2, seed=1)))
    assert not {*rows["text"]} & {*REAL["text"]}
    bad = " ".join(rows.filter(label="bad")["text"]).replace(".", "").split()
    assert {word.strip(";,") for word in bad} <= {"Dull", "and", "noisy"}
    chinese = rows.filter(source_id="c")["text"]
    assert not chinese.str.contains(" ").any()  # none where the text has none


def test_a_set_that_no_prompt_wrote_is_a_table_of_a_set(tmp_path: Path) -> None:
    rows = as_set(eda_rows(REAL, EdaSettings(n=5, alpha=0.1, seed=1)), "eda/r0-3")
    write_table(rows, tmp_path / "set.parquet", Curated)
    assert rows["id"].n_unique() == 5 and rows["new_tokens"].sum() == 0
    assert rows["example_ids"].to_list()[0] == ["a"]


class Labeller(Backend):
    """Names a label of each text but those with a question mark."""

    def __init__(self) -> None:
        self.prompts: list[str] = []

    def complete(self, prompts, sampling, seeds):
        self.prompts += prompts
        texts = [prompt.rsplit("Review: ", 1)[-1] for prompt in prompts]
        return [
            Completion("so so" if "?" in t else "good", "stop", 5, 2, cached_tokens=1)
            for t in texts
        ]


def settings(n: int | None) -> ClassifySettings:
    model = LanguageModel(model="m", batch_size=2)
    names = {"labels": ["bad", "good"], "noun": "review", "seed": 1}
    return ClassifySettings(generator=model, shots=1, n=n, **names)


def unlabelled(rows: int) -> pl.DataFrame:
    texts = [f"? {i}" if i % 3 == 0 else f"text {i}" for i in range(rows)]
    ids = [f"i{i}" for i in range(rows)]
    return pl.DataFrame({"test": "unlabelled", "id": ids, "text": texts})


def test_text_is_labelled_until_there_is_enough_and_no_answer_is_bought_twice(
    tmp_path: Path,
) -> None:
    judge = Labeller()
    texts = unlabelled(20)
    answers = answers_in_parts(texts, REAL, settings(6), judge, tmp_path, lambda _: None)
    assert answers.height == len(judge.prompts) == 10  # in batches of two, one in three unanswered
    assert answers.filter(judged="")["reason"].to_list() == ["no label"] * 4
    assert answers["prompt_tokens"].sum() == 50 and answers["cached_tokens"].sum() == 10
    again = answers_in_parts(texts, REAL, settings(6), judge, tmp_path, lambda _: None)
    assert again.equals(answers) and len(judge.prompts) == 10
    rows = labelled_rows(answers, texts, 6)
    assert (
        rows["label"].to_list() == ["good"] * 6
        and not rows["text"].str.contains("?", literal=True).any()
    )


def test_too_little_text_is_told_with_the_key(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"labelled\.n: 6 rows are wanted, and 2 of 4 texts"):
        answers_in_parts(unlabelled(4), REAL, settings(6), Labeller(), tmp_path, lambda _: None)


def test_unlabelled_text_is_what_no_split_has_and_says_nothing_that_labelled_rows_say() -> None:
    data = pl.DataFrame(
        {
            "id": ["t", "p", "u1", "u2", "u3"],
            "text": ["one", "two", "three", "Two!", "four"],
            "label": ["good", "bad", "text", "text", "text"],
            "side": [None, None, *["unlabelled"] * 3],
        }
    )
    splits = pl.DataFrame(
        {"id": ["t", "p", "u3"], "label": "x", "split": ["test", "pool", "reference"]}
    )
    rows = texts_to_classify(data, splits, {}, "unlabelled", 1)
    assert rows.rows() == [("unlabelled", "u1", "three")]
    shifted = {"/there/mail.parquet": data.head(2)}
    rows = texts_to_classify(data, splits, shifted, "test", 1)
    assert rows.select("test", "id").rows() == [("test", "t"), ("mail", "t"), ("mail", "p")]
