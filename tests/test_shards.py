"""A run of prompts goes on after its last finished batch, and ends as if nothing had happened."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from builders import reviews
from mixtura.backends.base import Completion
from mixtura.templates import template_text
from shards import make_rows

EXAMPLES = pl.DataFrame(
    [(f"r{row}", text, label) for row, (text, label) in enumerate(reviews(20))],
    ["id", "text", "label"],
    orient="row",
)
SAMPLING = {"temperature": 1.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "max_new_tokens": 9}
LEVELS: dict[str, dict[str, Any]] = {
    "topic": {"topics": 4},
    "temperature": {"temperature": 0.5, "top_p": None, "min_p": None},
    "persona": {"personas": 9},
    "incentive": {"taboo": 2, "hints": 1, "chain": 1},
}


class Writer:
    """A backend whose answer depends on prompt and seed; it dies after `alive` batches."""

    def __init__(self, alive: int = 99) -> None:
        self.alive = alive

    def complete(
        self, prompts: list[str], sampling: dict[str, Any], seeds: list[int]
    ) -> list[Completion]:
        if not self.alive:
            raise RuntimeError("killed")
        self.alive -= 1
        words = [prompt.split() for prompt in prompts]
        return [
            Completion(f"{said[seed % len(said)]} {seed % 97} {len(said)}", "stop", 1, 1)
            for said, seed in zip(words, seeds, strict=True)
        ]


def made(
    folder: Path, dial: str, writer: Writer, first: int = 0, prompts: int = 24
) -> pl.DataFrame:
    folder.mkdir(exist_ok=True)
    job: Any = SimpleNamespace(resume=folder, say=lambda message: None, stats={})
    settings = {
        "generator": {
            "shots": 2,
            "batch_size": 4,
            "sampling": SAMPLING,
            "prompt": template_text("classification"),
        },
        "pipeline": {"dial": dial},
        "level": LEVELS[dial],
        "labels": ["negative", "positive"],
        "noun": "review",
        "kind": "classification",
        "stream": [1, "writer", dial, "D3"],
    }
    return make_rows(job, settings, EXAMPLES, [], writer, first, prompts)


@pytest.mark.parametrize("dial", LEVELS)
def test_a_killed_run_goes_on_and_ends_the_same(dial: str, tmp_path: Path) -> None:
    undisturbed = made(tmp_path / "whole", dial, Writer())
    with pytest.raises(RuntimeError, match="killed"):
        made(tmp_path / "killed", dial, Writer(alive=2))
    rest = Writer(alive=4)  # six batches, of which two are done
    assert made(tmp_path / "killed", dial, rest).equals(undisturbed)
    assert rest.alive == 0 and undisturbed.height == 24


def test_shards_of_a_level_are_those_of_one_run(tmp_path: Path) -> None:
    whole = made(tmp_path / "a", "topic", Writer())
    parts = [made(tmp_path / "b", "topic", Writer(), first, 12) for first in (12, 0)]
    assert pl.concat(parts[::-1]).equals(whole)


def test_chaining_shows_what_the_shard_wrote_before(tmp_path: Path) -> None:
    rows = made(tmp_path / "c", "incentive", Writer())
    shown = {row for ids in rows["example_ids"] for row in ids}
    assert shown & set(rows["id"]) and shown & set(EXAMPLES["id"])
