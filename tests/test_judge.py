"""A language model groups texts: what it is asked, what its answer means, what is refused."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mixtura.backends import open_backend
from mixtura.backends.base import Completion
from mixtura.diversity import llm_cluster_score
from mixtura.diversity_panel import diversity_panel
from mixtura.judge import (
    ATTEMPTS,
    cluster_prompt,
    label_prompt,
    llm_judge,
    parse_groups,
    parse_label,
    shown_rows,
)

SAMPLING = {"temperature": 1.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "max_new_tokens": 40}
TEXTS = [f"text number {i}" for i in range(12)]


class Writer:
    """Gives its answers in turn and remembers what it was asked."""

    def __init__(self, *answers: str) -> None:
        self.answers = answers
        self.asked: list[tuple[str, float, int]] = []

    def complete(
        self, prompts: list[str], sampling: dict[str, Any], seeds: list[int]
    ) -> list[Completion]:
        self.asked.append((prompts[0], sampling["temperature"], seeds[0]))
        answer = self.answers[(len(self.asked) - 1) % len(self.answers)]
        return [Completion(answer, "stop", 1, 1)]


@pytest.mark.parametrize(
    ("answer", "groups"),
    [
        ("Sports, sports, war.", ["sports", "sports", "war"]),
        ("1 1 2", ["1", "1", "2"]),
        ("big cats, dogs, big cats, and more", ["big cats", "dogs", "big cats"]),
        ("1, 2", None),
        ("", None),
        (", ,", None),
    ],
)
def test_an_answer_names_a_group_for_each_text(answer: str, groups: list[str] | None) -> None:
    assert parse_groups(answer, 3) == groups


def test_the_prompt_holds_every_text_on_one_line() -> None:
    prompt = cluster_prompt(["one\ntwo", "three"])
    assert "1. one two\n2. three\n" in prompt and prompt.endswith("Groups of the 2 texts: ")


def test_the_score_is_that_of_the_answers() -> None:
    writer = Writer("a, a, b, b")
    judge = llm_judge(writer.complete, SAMPLING, seed=1)
    score = llm_cluster_score(TEXTS, judge, sample=4, repeats=3)
    assert score == 2 / 2  # clusters / texts in one
    assert len({seed for _, _, seed in writer.asked}) == 3


def test_a_wrong_answer_is_asked_for_again() -> None:
    writer = Writer("what?", "a, b, b, b")
    judge = llm_judge(writer.complete, {**SAMPLING, "temperature": 0.0}, seed=1)
    assert judge(TEXTS[:4]) == ["a", "b", "b", "b"]
    (_, cold, first), (_, warm, second) = writer.asked
    assert cold == 0 < warm and first != second


def test_a_judge_that_cannot_answer_is_an_error() -> None:
    writer = Writer("I like them all")
    with pytest.raises(ValueError, match="did not name a group for each of 9 texts"):
        llm_judge(writer.complete, SAMPLING, seed=1)(TEXTS[:9])
    assert len(writer.asked) == ATTEMPTS


def test_a_model_judges_and_repeats_itself(generator: Path) -> None:
    backend = open_backend({"backend": "transformers"}, str(generator))
    options = {"llm_cluster_score": {"sample": 2, "repeats": 4}}
    values = [
        diversity_panel(
            TEXTS,
            measures=["llm_cluster_score"],
            judge=llm_judge(backend.complete, SAMPLING, seed=1),
            options=options,
            repeats=2,
        ).row(0, named=True)
        for _ in range(2)
    ]
    assert values[0] == values[1]
    assert 1 / 2 <= values[0]["value"] <= 2 and values[0]["repeats"] == 2


def test_without_a_judge_the_measure_is_left_out_or_refused() -> None:
    assert "llm_cluster_score" not in diversity_panel(TEXTS, repeats=0)["measure"]
    with pytest.raises(ValueError, match="llm_cluster_score needs a judge"):
        diversity_panel(TEXTS, repeats=0, measures=["llm_cluster_score"])


def test_a_judge_of_labels_is_shown_real_rows_of_every_label() -> None:
    real = pl.DataFrame(
        {
            "id": list("gfedcba"),
            "text": [f"text {i}" for i in range(7)],
            "label": ["good", "bad", "good", "bad", "bad", "good", "bad"],
        }
    )
    shown = shown_rows(real)
    assert shown["id"].to_list() == ["a", "b", "c", "e"]
    assert shown["label"].to_list() == ["bad", "good", "bad", "good"]
    assert shown_rows(real[::-1]).equals(shown)
    assert label_prompt("one  more\ntext", shown[:1], ["bad", "good"], "review") == (
        "Each review is bad or good.\n\nReview: text 6\nLabel: bad\n\nReview: one more text\nLabel:"
    )


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        (" good", "good"),
        ("**Good**, because", "good"),
        ("not good", ""),
        ("goodish plus", "goodish"),
        ("", ""),
    ],
)
def test_a_judge_answers_with_a_label_or_not_at_all(answer: str, label: str) -> None:
    assert parse_label(answer, ["bad", "good", "goodish"]) == label
