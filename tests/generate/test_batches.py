"""One batch: which prompts are in it, and the rows that its completions become."""

import itertools
import random

import pytest

from builders import questions
from mixtura.generate.backends.base import Completion
from mixtura.generate.batches import batches, complete_batch
from mixtura.generate.dials import context
from mixtura.generate.dials.base import Material, Prompt

PROMPTS = [Prompt(0, "negative", ()), Prompt(1, "positive", ())]


def test_batches_hold_every_prompt_once_and_like_lengths_together() -> None:
    rng = random.Random(0)
    prompts = ["x" * rng.randint(1, 99) for _ in range(50)]
    groups = batches(prompts, 16)
    assert sorted(place for group in groups for place in group) == list(range(50))
    ends = [(len(prompts[group[0]]), len(prompts[group[-1]])) for group in groups]
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(ends))


def test_what_does_not_parse_keeps_its_raw_text_and_reason() -> None:
    completions = [Completion("fine", "stop", 9, 2), Completion("cut", "length", 8, 5)]
    rows = complete_batch(PROMPTS, ["p", "q"], [7, 8], lambda prompts, seeds: completions, "here")
    assert rows["reason"].to_list() == [None, "unfinished"]
    assert rows["text"].to_list() == ["fine", "cut"]
    assert rows["seed"].to_list() == [7, 8] and rows["id"].n_unique() == 2


def test_a_backend_that_loses_a_completion_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="1 completions came back for 2 prompts"):
        complete_batch(
            PROMPTS, ["p", "q"], [7, 8], lambda *_: [Completion("a", "stop", 1, 1)], "here"
        )


def test_rows_of_a_kind_have_its_columns() -> None:
    rows = questions(9)
    examples = rows["id", "text", "label"].rows()
    material = Material(examples, ["qa"], 1, (1,), None, ["Here is 1."])
    prompts = context.specify(context.ContextLevel(contexts=1), material, range(2))
    completions = [Completion(" What? Answer: 1", "stop", 9, 3), Completion(" What?", "stop", 9, 3)]
    table = complete_batch(
        prompts, ["p", "p"], [1, 2], lambda texts, seeds: completions, "o", kind="qa"
    )
    assert table["reason"].to_list() == [None, "no Answer:"]
    assert table["text"].to_list() == ["What?", " What?"]  # a rejected one stays as it came
    assert table.row(0, named=True)["answers"] == ["1"] and table["answers"][1] is None
    assert table.select(rows.columns).schema == rows.schema
