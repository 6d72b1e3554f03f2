"""Shards as files: what stands in them, and what is counted."""

import shutil
from pathlib import Path
from typing import ClassVar

import polars as pl
import pytest

from builders import reviews
from mixtura.core.tables import read_about, read_table
from mixtura.generate.backends.base import Completion
from mixtura.generate.settings import (
    DialSettings,
    GenerateRunning,
    GenerateSettings,
    PromptedModel,
    Sampling,
)
from mixtura.generate.tables import Generated, Rejected
from mixtura.generate.templates import template_text
from mixtura.generate.writer import ShardWriter


class Breaker:
    """A backend that breaks every fourth completion off."""

    about: ClassVar[dict[str, str]] = {"engine": "1"}

    def complete(
        self, prompts: list[str], sampling: Sampling, seeds: list[int]
    ) -> list[Completion]:
        return [
            Completion(f"text {seed}", "stop" if place % 4 else "length", 5, 3)
            for place, seed in enumerate(seeds)
        ]


def writer(folder: Path, least_parsed: float = 0.2, code: str = "") -> ShardWriter:
    examples = pl.DataFrame(
        [(f"r{row}", text, label) for row, (text, label) in enumerate(reviews(20))],
        ["id", "text", "label"],
        orient="row",
    )
    settings = GenerateSettings(
        generator=PromptedModel(prompt=template_text("classification"), shots=2),
        dial=DialSettings(name="topic"),
        level={"topics": 4},
        kind="classification",
        labels=["negative", "positive"],
        noun="review",
        first=0,
        prompts=12,
        stream=(1, "writer", "topic", "D3", "r0"),
    )
    running = GenerateRunning(least_parsed=least_parsed)
    places = folder / "resume", str, folder / "store", code
    shards = ShardWriter(settings, running, None, examples, None, *places)
    shards.backend = Breaker()
    return shards


def test_rows_that_parse_and_others_lie_in_two_tables(tmp_path: Path) -> None:
    shards = writer(tmp_path)
    files = [tmp_path / name for name in ("rows", "rejected", "more", "more-rejected")]
    parsed = shards.write(0, *files[:2])
    shards.write(1, *files[2:])
    rows, rejected = read_table(files[0], Generated), read_table(files[1], Rejected)
    assert (
        rows.equals(parsed)
        and rows.height == 9
        and rejected["reason"].to_list() == ["unfinished"] * 3
    )
    assert sorted([*rows["index"], *rejected["index"]]) == list(range(12))
    assert read_table(files[2], Generated)["index"].min() >= 12
    about = read_about(files[2])
    assert (about["first"], about["accepted"], about["versions"]) == (12, 0.75, {"engine": "1"})
    assert about["level"] == {"topics": 4} and about["model_digest"] is None
    assert {key: shards.stats[key] for key in ("prompts", "parsed", "rejected")} == {
        "prompts": 24,
        "parsed": 18,
        "rejected": {"unfinished": 6},
    }


def test_a_shard_that_will_not_do_leaves_no_table(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="only 9 of 12 completions parse"):
        writer(tmp_path, least_parsed=0.9).write(0, tmp_path / "rows", tmp_path / "rejected")
    assert not (tmp_path / "rows").exists() and not (tmp_path / "rejected").exists()


def test_text_that_is_paid_for_is_not_bought_twice(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("rows", "rejected")]
    first = writer(tmp_path)
    parsed = first.write(0, *files)
    contents = [file.read_bytes() for file in files]
    shutil.rmtree(tmp_path / "resume")
    again = writer(tmp_path)
    again.backend = None  # nothing is asked of it
    for file in files:
        file.unlink()
    assert again.write(0, *files).equals(parsed)
    assert [file.read_bytes() for file in files] == contents and again.stats == first.stats
    for other in (writer(tmp_path, code="new"), writer(tmp_path)):
        number = 0 if other.store.inputs[0] else 1
        other.backend = None
        with pytest.raises(AttributeError):  # it would be asked
            other.write(number, *files)
