"""A shard goes on after its last finished batch."""

from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pytest

from builders import reviews
from mixtura.generate.backends.base import Completion
from mixtura.generate.settings import DialSettings, GenerateSettings, PromptedModel, Sampling
from mixtura.generate.shard import generate_shard
from mixtura.generate.templates import template_text

EXAMPLES = pl.DataFrame(
    [(f"r{row}", text, label) for row, (text, label) in enumerate(reviews(20))],
    ["id", "text", "label"],
    orient="row",
)
LEVELS: dict[str, dict[str, Any]] = {
    "topic": {"topics": 4},
    "temperature": {"temperature": 0.5, "top_p": None, "min_p": None},
    "persona": {"personas": 9},
    "incentive": {"taboo": 2, "hints": 1, "chain": 1},
}


class Writer:
    """A backend whose answer depends on prompt and seed; it dies after `alive` batches."""

    about: ClassVar[dict[str, str]] = {}

    def __init__(self, alive: int = 99) -> None:
        self.alive = alive

    def complete(
        self, prompts: list[str], sampling: Sampling, seeds: list[int]
    ) -> list[Completion]:
        if not self.alive:
            raise RuntimeError("killed")
        self.alive -= 1
        words = [prompt.split() for prompt in prompts]
        return [
            Completion(f"{parts[seed % len(parts)]} {seed % 97} {len(parts)}", "stop", 1, 1)
            for parts, seed in zip(words, seeds, strict=True)
        ]


def generated(
    folder: Path, dial: str, writer: Writer, first: int = 0, prompts: int = 24
) -> pl.DataFrame:
    settings = GenerateSettings(
        generator=PromptedModel(
            shots=2,
            batch_size=4,
            sampling=Sampling(max_new_tokens=9),
            prompt=template_text("classification"),
        ),
        dial=DialSettings(name=dial),
        level=LEVELS[dial],
        labels=["negative", "positive"],
        noun="review",
        kind="classification",
        first=first,
        prompts=prompts,
        stream=(1, "writer", dial, "D3", "r0"),
    )
    rows, seconds = generate_shard(settings, EXAMPLES, None, writer, folder, lambda message: None)
    assert seconds >= 0
    return rows


@pytest.mark.workflow
@pytest.mark.parametrize("dial", LEVELS)
def test_a_killed_run_goes_on_and_ends_the_same(dial: str, tmp_path: Path) -> None:
    undisturbed = generated(tmp_path / "whole", dial, Writer())
    with pytest.raises(RuntimeError, match="killed"):
        generated(tmp_path / "killed", dial, Writer(alive=2))
    rest = Writer(alive=4)  # six batches, of which two are done
    assert generated(tmp_path / "killed", dial, rest).equals(undisturbed)
    assert rest.alive == 0 and undisturbed.height == 24


def test_shards_of_a_level_are_those_of_one_run(tmp_path: Path) -> None:
    whole = generated(tmp_path / "a", "topic", Writer())
    parts = [generated(tmp_path / "b", "topic", Writer(), first, 12) for first in (12, 0)]
    assert pl.concat(parts[::-1]).equals(whole)


def test_chaining_shows_what_the_shard_wrote_before(tmp_path: Path) -> None:
    rows = generated(tmp_path / "c", "incentive", Writer())
    shown = {row for ids in rows["example_ids"] for row in ids}
    assert shown & set(rows["id"]) and shown & set(EXAMPLES["id"])
