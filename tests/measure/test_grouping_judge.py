"""A language model groups texts: what it reads, what its answer means, what is refused."""

from pathlib import Path

import pytest

from mixtura.generate.backends import open_backend
from mixtura.generate.backends.base import Completion
from mixtura.generate.settings import LanguageModel, Sampling
from mixtura.measure.diversity import llm_cluster_score
from mixtura.measure.diversity_panel import diversity_panel
from mixtura.measure.grouping_judge import ATTEMPTS, cluster_prompt, llm_judge, parse_groups

SAMPLING = Sampling(temperature=1.0, max_new_tokens=40)
TEXTS = [f"text number {i}" for i in range(12)]


class Writer:
    """Gives its answers in turn and remembers its requests."""

    def __init__(self, *answers: str) -> None:
        self.answers = answers
        self.requests: list[tuple[str, float, int]] = []

    def complete(
        self, prompts: list[str], sampling: Sampling, seeds: list[int]
    ) -> list[Completion]:
        self.requests.append((prompts[0], sampling.temperature, seeds[0]))
        answer = self.answers[(len(self.requests) - 1) % len(self.answers)]
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
    assert len({seed for _, _, seed in writer.requests}) == 3


def test_a_wrong_answer_is_asked_for_again() -> None:
    writer = Writer("what?", "a, b, b, b")
    judge = llm_judge(writer.complete, SAMPLING.model_copy(update={"temperature": 0.0}), seed=1)
    assert judge(TEXTS[:4]) == ["a", "b", "b", "b"]
    (_, cold, first), (_, warm, second) = writer.requests
    assert cold == 0 < warm and first != second


def test_a_judge_that_cannot_answer_is_an_error() -> None:
    writer = Writer("I like them all")
    with pytest.raises(ValueError, match="did not name a group for each of 9 texts"):
        llm_judge(writer.complete, SAMPLING, seed=1)(TEXTS[:9])
    assert len(writer.requests) == ATTEMPTS


def test_a_model_judges_and_repeats_itself(generator: Path) -> None:
    backend = open_backend(LanguageModel(), str(generator))
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
