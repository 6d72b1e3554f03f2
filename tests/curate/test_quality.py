"""A judge of rows with several parts: refused unless it knows a wrong answer."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from builders import questions
from changes import assert_refused
from mixtura.curate.filters import apply_filters
from mixtura.curate.filters.quality import ranked
from mixtura.curate.judge import judge_labels, rows_to_check
from mixtura.curate.quality import corrupted_rows, quality_prompt, with_corrupted
from mixtura.curate.settings import SCORES, Filters, JudgeSettings, Quality
from mixtura.generate.backends.base import Backend, Completion
from mixtura.generate.settings import LanguageModel
from mixtura.prepare.rows import task_rows

POOL = questions(20).with_columns(pl.format("g{}", "id").alias("id"))
ON = Filters(quality=Quality(judge="j"))


def test_a_corrupted_row_has_the_answer_of_another() -> None:
    real = questions(9)
    wrong = corrupted_rows(real, "qa")
    assert wrong["id"].to_list() == [f"q{i}~" for i in range(9)]
    assert (wrong["answers"] != real.sort("id")["answers"]).all()
    assert set(wrong["answers"].list.first()) == set(real["answers"].list.first())
    same = real.with_columns(answers=pl.lit(["it"]))
    assert corrupted_rows(same, "qa").is_empty()
    pairs = pl.DataFrame({"id": ["a", "b"], "prompt": ["Add.", "Say."], "response": ["2", "Hi"]})
    assert corrupted_rows(pairs, "instruction")["response"].to_list() == ["Hi", "2"]
    assert quality_prompt(pairs.row(0, named=True), "instruction").startswith(
        "Instruction: Add.\n\nAnswer: 2\n\nHow good"
    )
    nothing = {"context": "c", "question": "q", "answers": []}
    assert "Answer: (the passage does not say)" in quality_prompt(nothing, "qa")


def test_a_judge_reads_all_turns_of_a_conversation() -> None:
    talk = [("user", "Tree?"), ("assistant", "Oak."), ("user", "Another?"), ("assistant", "Elm.")]
    messages = [{"role": role, "content": content} for role, content in talk]
    frame = pl.DataFrame({"talk": [messages, [*messages[:3], messages[1]]]})
    real = task_rows(frame, "instruction", {"messages": "talk"}, None, "real").rows
    shown, checked = rows_to_check(real, "instruction")
    assert shown.is_empty() and checked.height == 4  # both, and both with the other's answer
    assert set(checked.filter(pl.col("prompt") == real["prompt"][0])["response"]) == {
        "Elm.",
        "Oak.",
    }
    assert quality_prompt(real.row(0, named=True), "instruction").startswith(
        "Instruction: User: Tree?\nAssistant: Oak.\nUser: Another?\nAssistant:\n\nAnswer: Elm."
    )


class Judge(Backend):
    """Knows whether an answer stands in the passage, or says one thing to all."""

    def __init__(self, fixed: str | None = None) -> None:
        self.fixed = fixed

    def complete(self, prompts: Any, sampling: Any, seeds: Any) -> list[Completion]:
        answers = []
        for prompt in prompts:
            passage, rest = prompt.removeprefix("Passage: Here is ").split(".", 1)
            answer = rest.split("Answer: ")[1].split("\n")[0]
            answers.append(self.fixed or ("5" if answer == passage else " 2, for it is wrong"))
        return [Completion(text, "stop", 1, 1) for text in answers]


def judged(judge: Judge, pool: pl.DataFrame, real: pl.DataFrame) -> list[pl.DataFrame]:
    """Pool and real rows with what the judge says."""
    settings = JudgeSettings(
        generator=LanguageModel(model="m"), kind="qa", labels=SCORES, noun="question", seed=1
    )
    shown, checked = rows_to_check(real, "qa")
    assert shown.is_empty()
    rows = pl.concat([pool, checked])
    scores = with_corrupted(judge_labels(rows, shown, settings, judge))
    return [
        frame.join(scores, on="id", how="left", maintain_order="left") for frame in (pool, real)
    ]


def test_a_judge_that_knows_wrong_answers_removes_poor_rows() -> None:
    pool = POOL.with_columns(
        answers=pl.when(pl.col("id") == "gq3").then(["9"]).otherwise("answers")
    )
    pool, real = judged(Judge(), pool, questions(12))
    rows, removed = apply_filters(pool, ON, real=real)
    assert removed.select("id", "stage", "reason", "score").rows() == [
        ("gq3", "quality", "judged to be poor", 2.0)
    ]
    assert rows.height == 19


@pytest.mark.parametrize(("fixed", "area"), [("4", "0.50"), ("no", "0.50")])
def test_a_judge_that_says_one_thing_is_refused(fixed: str, area: str) -> None:
    pool, real = judged(Judge(fixed), POOL[:3], questions(12))
    with pytest.raises(ValueError, match=rf"judge 'j' ranks .* an area of {area} .*may be chance"):
        apply_filters(pool, ON, real=real)


def test_few_real_rows_show_nothing() -> None:
    pool, real = judged(Judge(), POOL[:3], questions(3))
    with pytest.raises(ValueError, match="ranks 3 real rows"):
        apply_filters(pool, ON, real=real)


def test_the_interval_of_the_area_holds_it_as_often_as_it_says(rng: np.random.Generator) -> None:
    truth, hits = 0.76, 0  # of normal scores whose means differ by one
    for _ in range(400):
        _, low, high = ranked(rng.normal(1, 1, 20), rng.normal(0, 1, 20))
        hits += low <= truth <= high
    assert hits >= 0.95 * 400
    assert ranked(np.array([2.0, 3.0]), np.array([1.0, 2.0]))[0] == 0.875


def test_quality_is_for_rows_with_parts(tiny: dict[str, Any]) -> None:
    filters = {"quality": {"judge": "writer"}}
    words = "filters.quality: is for task.kind qa, instruction, not classification"
    assert_refused(tiny, "curation", {"full": {"filters": filters}}, words)
