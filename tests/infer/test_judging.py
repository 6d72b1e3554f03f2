"""A judge of the answers of downstream models: asked once, checked before, refused by chance."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mixtura.curate.filters.quality import area_of_judge
from mixtura.curate.quality import with_corrupted
from mixtura.curate.settings import SCORES, JudgeSettings
from mixtura.generate.backends.base import Backend, Completion
from mixtura.generate.settings import LanguageModel
from mixtura.infer.judging import (
    CHECKED,
    of_answers,
    predicted_rows,
    rows_to_check,
    stored_answers,
)

SETTINGS = JudgeSettings(
    generator=LanguageModel(model="m", batch_size=4),
    kind="instruction",
    labels=SCORES,
    noun="text",
    seed=1,
)
DATA = pl.DataFrame(
    {
        "id": [f"i{number:03}" for number in range(300)],
        "prompt": [f"Say {number}." for number in range(300)],
        "response": [f"{number}." for number in range(300)],
    }
)
SPLITS = DATA.select("id", split=pl.when(pl.col("id") < "i250").then(pl.lit("test")))


class Judge(Backend):
    """Knows whether an answer is the number of the instruction; may be killed after some."""

    def __init__(self, fixed: str = "", lasts: int = 10**6) -> None:
        self.fixed, self.lasts = fixed, lasts
        self.prompts: list[str] = []

    def complete(self, prompts: Any, sampling: Any, seeds: Any) -> list[Completion]:
        if len(self.prompts) >= self.lasts:
            raise KeyboardInterrupt
        self.prompts += prompts
        texts = [self.fixed or self.score(prompt) for prompt in prompts]
        return [Completion(text, "stop", 9, 1) for text in texts]

    @staticmethod
    def score(prompt: str) -> str:
        instruction, answer = (part.partition(": ")[2] for part in prompt.split("\n\n")[:2])
        return "5" if instruction == f"Say {answer}" else "1"


def answers(judge: Judge, rows: pl.DataFrame, folder: Path, *depends: str) -> pl.DataFrame:
    places = (folder / "store", folder / "resume")
    return stored_answers(rows, SETTINGS, judge, depends, *places, lambda _: None)


def test_a_judge_is_checked_on_test_rows_and_refused_where_it_guesses(tmp_path: Path) -> None:
    rows = rows_to_check(DATA, SPLITS)
    assert rows.height == 2 * CHECKED and max(rows["id"]) < "i250"
    checked = with_corrupted(answers(Judge(), rows, tmp_path / "good").select("id", "judged"))
    assert checked.height == CHECKED
    area, low, high = area_of_judge(checked, "j", "evaluation.judge")
    assert area == high == 1 and 0.95 < low < 1
    same = with_corrupted(answers(Judge("4"), rows, tmp_path / "same").select("id", "judged"))
    with pytest.raises(ValueError, match=r"^evaluation.judge: the judge 'j' .* it is refused"):
        area_of_judge(same, "j", "evaluation.judge")


def test_answers_of_a_run_are_judged_by_their_prompts(tmp_path: Path) -> None:
    other = DATA.head(1).with_columns(prompt=pl.lit("Say 7."))
    items = pl.concat(
        rows.select(pl.lit(test).alias("test"), "id", "prompt")
        for test, rows in (("test", DATA), ("other", other))
    )
    run = pl.DataFrame(
        {
            **{"arm": "a", "model": "m", "replicate": 0, "seed": 3, "gold": ""},
            "test": ["other", "test", "test"],
            "id": ["i000", "i000", "i004"],
            "predicted": ["7.", "7.", ""],
        }
    )
    rows = predicted_rows(run, items)
    assert rows["prompt"].to_list() == ["Say 7.", "Say 0.", "Say 4."]
    judged = of_answers(run, answers(Judge(), rows, tmp_path))
    assert judged.select("seed", "test", "id", "judged").rows() == [
        (3, "other", "i000", "5"),
        (3, "test", "i000", "1"),
        (3, "test", "i004", "1"),
    ]
    assert judged["prompt_tokens"].sum() == 27 and judged["new_tokens"].sum() == 3
    with pytest.raises(ValueError, match="1 answers are to no row"):
        predicted_rows(run, items.filter(test="test"))


def test_a_killed_judge_goes_on_and_is_never_asked_twice(tmp_path: Path) -> None:
    rows = DATA.head(10).select(pl.lit("test").alias("test"), "id", "prompt", "response")
    first = Judge(lasts=8)
    with pytest.raises(KeyboardInterrupt):
        answers(first, rows, tmp_path)
    second = Judge()
    whole = answers(second, rows, tmp_path)
    assert len(first.prompts) == 8 and len(second.prompts) == 2
    assert whole["id"].to_list() == rows["id"].to_list() and set(whole["judged"]) == {"5"}
    third = Judge()
    assert answers(third, rows, tmp_path).equals(whole) and not third.prompts
    assert answers(third, rows, tmp_path, "another adapter").equals(whole)
    assert len(third.prompts) == 10  # it may answer otherwise
    _ = answers(third, rows.with_columns(response=pl.lit("no")), tmp_path)
    assert len(third.prompts) == 20
