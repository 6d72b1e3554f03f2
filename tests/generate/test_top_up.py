"""Further shards where curation leaves too few rows."""

import polars as pl
import pytest

from mixtura.generate.settings import DialSettings, GenerateSettings, PromptedModel, TopUp
from mixtura.generate.top_up import more_shards, top_up

LABELS = ["neg", "pos"]


def test_the_rate_of_the_scarcest_label_says_how_many_shards_are_added() -> None:
    assert more_shards({"neg": 8, "pos": 9}, LABELS, 16, 32, 16) == 0
    # 4 of 8 in 32 prompts: 4 more take 32 prompts and a tenth, in shards of 16
    assert more_shards({"neg": 9, "pos": 4}, LABELS, 16, 32, 16) == 3
    assert more_shards({"neg": 9}, LABELS, 16, 32, 16) == 3
    assert more_shards({"neg": 7, "pos": 8}, LABELS, 16, 32, 100) == 1


def shard(number: int) -> pl.DataFrame:
    return pl.DataFrame({"id": [f"{number}-{i}" for i in range(4)], "label": LABELS * 2})


def curate(pool: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Every second row of a label goes."""
    rows = pool.filter(pl.int_range(pl.len()).over("label") % 2 == 0)
    removed = pool.join(rows, on="id", how="anti").with_columns(stage=pl.lit("length"))
    return rows, removed, pl.DataFrame()


def settings(n: int, most: int) -> TopUp:
    first = GenerateSettings(
        generator=PromptedModel(prompt="", shots=0),
        dial=DialSettings(name="topic"),
        level={"topics": 1},
        kind="classification",
        labels=LABELS,
        noun="review",
        first=0,
        prompts=4,
        stream=(1, "writer", "topic", "D0", "r0"),
    )
    return TopUp(generate=first, n=n, planned=1, most=most, key="curation.full", cap=9.0)


def test_shards_are_written_until_curation_leaves_enough() -> None:
    numbers: list[int] = []

    def generate(number: int) -> pl.DataFrame:
        numbers.append(number)
        return shard(number)

    assert top_up(shard(0), settings(2, 9), curate, generate, str) == 1 and numbers == []
    assert top_up(shard(0), settings(4, 9), curate, generate, str) == 3 and numbers == [1, 2]
    message = r"8 prompts, all that generate.cap = 9 allows, .* curation.full removed {'length': 4}"
    with pytest.raises(ValueError, match=message):
        top_up(shard(0), settings(8, 2), curate, generate, str)
    assert numbers == [1, 2, 1]
