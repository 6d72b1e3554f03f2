"""Derived pipelines and top-up through Snakemake, on one tiny study."""

import copy
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from conftest import run_snakemake

PIPELINES: dict[str, Any] = {
    "words": {
        "dial": "paraphrase",
        "of": "topic",
        "level": "D6",
        "paraphrases": 2,
        "overgenerate": 16.0,
        "levels": {"D0": {"sources": 2}, "D6": {"sources": 0}},
    },
    "chosen": {
        "dial": "selection",
        "pool": {"topic": ["D0", "D6"]},
        "length_tolerance": 0.5,
        "tolerance": 0.0,
        "out_of_reach": "record",
        "levels": {"D0": {"target": 1.0}, "D6": {"target": 99.0}},
    },
    "several": {
        "dial": "sources",
        "of": "topic",
        "level": "D6",
        "levels": {"D0": {"generators": ["writer"]}, "D6": {"generators": ["writer", "other"]}},
    },
}
SETS = ["writer/words/D0", "writer/words/D6", "writer/chosen/D0", "writer/chosen/D6"]
SETS += ["mixed/several/D6"]
GENERATORS = ["writer", "other"]
COSTS = "results/tiny/tables/generation.parquet"


def with_pipelines(tiny: dict[str, Any]) -> dict[str, Any]:
    study = copy.deepcopy(tiny)
    study["generators"]["other"] = {**study["generators"]["writer"], "shots": 1}
    study["pipelines"] |= PIPELINES
    study["generate"] |= {"pipelines": ["topic", *PIPELINES], "overgenerate": 1.0, "cap": 12.0}
    study["generate"]["shard"] = 16
    return study


def curated(sets: list[str]) -> list[str]:
    return [f"results/tiny/curated/{name}/r0.parquet" for name in sets]


@pytest.fixture(scope="module")
def done(
    tiny: dict[str, Any], finished: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Folder in which the derived sets were made."""
    folder = tmp_path_factory.mktemp("pipelines") / "study"
    shutil.copytree(finished, folder, symlinks=True)  # what is the same is not made again
    run = run_snakemake(folder, with_pipelines(tiny), *curated(SETS), COSTS)
    assert run.returncode == 0, run.stdout
    yield folder / "results/tiny"
    shutil.rmtree(folder)


def test_every_set_has_n_rows_and_equal_labels(done: Path) -> None:
    for name in [*SETS, "writer/topic/D0", "writer/topic/D6"]:
        rows = pl.read_parquet(done / f"curated/{name}/r0.parquet")
        assert rows["id"].n_unique() == rows.height == 16, name
        assert set(rows["label"].value_counts()["count"]) == {8}, name
        counts = pl.read_parquet(done / f"removed/counts/{name}/r0.parquet")
        removed = pl.read_parquet(done / f"removed/{name}/r0.parquet")
        assert counts["removed"].sum() == removed.height, name


def test_shards_are_added_until_enough_rows_are_left(done: Path) -> None:
    added = {int(file.stem) for file in done.glob("generated/writer/topic/D6/r0/more/*.parquet")}
    assert added and added == set(range(1, 1 + len(added)))
    shards = [done / "generated/writer/topic/D6/r0/0.parquet"]
    shards += [
        done / f"generated/writer/topic/D6/r0/more/{shard}.parquet" for shard in sorted(added)
    ]
    rows = pl.concat(pl.read_parquet(shard) for shard in shards)
    lost = pl.concat(
        pl.read_parquet(str(shard).replace("/generated/", "/rejected/")) for shard in shards
    )
    prompts = sorted([*rows["index"], *lost["index"]])
    assert prompts == list(range(16 * (1 + len(added))))
    assert set(pl.read_parquet(done / "curated/writer/topic/D6/r0.parquet")["id"]) <= set(
        rows["id"]
    )


def test_paraphrases_replace_rows_of_the_curated_base(done: Path) -> None:
    base = pl.read_parquet(done / "curated/writer/topic/D6/r0.parquet")
    low = pl.read_parquet(done / "curated/writer/words/D0/r0.parquet")
    assert pl.read_parquet(done / "curated/writer/words/D6/r0.parquet")["id"].equals(base["id"])
    new = low.filter(pl.col("source_id").is_not_null())
    assert new.height == 4 and set(low["id"]) - set(new["id"]) < set(base["id"])
    pairs = new.join(base, left_on="source_id", right_on="id", suffix="_source")
    assert pairs["label"].equals(pairs["label_source"], check_names=False)
    assert pairs["topic"].equals(pairs["topic_source"], check_names=False)
    assert (pairs["text"] != pairs["text_source"]).all()


def test_a_selection_says_what_it_reached(done: Path) -> None:
    about = {
        level: json.loads(
            pl.read_parquet_metadata(done / f"curated/writer/chosen/{level}/r0.parquet")["mixtura"]
        )
        for level in ("D0", "D6")
    }
    assert about["D0"]["value"] == about["D0"]["low"] < about["D6"]["high"] == about["D6"]["value"]
    assert not about["D0"]["reached"] and about["D6"]["target"] == 99.0


def test_generators_have_equal_shares(done: Path) -> None:
    rows = pl.read_parquet(done / "curated/mixed/several/D6/r0.parquet")
    assert dict(rows["generator"].value_counts().iter_rows()) == {"writer": 8, "other": 8}


def test_derived_sets_cost_what_their_rows_do(done: Path) -> None:
    rows = pl.read_parquet(done / "tables/generation.parquet")
    result = {
        (row["generator"], row["pipeline"], row["level"]): row for row in rows.iter_rows(named=True)
    }
    base, pool = result["writer", "topic", "D6"], result["writer", "words", "paraphrases"]
    assert pool["accepted"] == 4 and pool["prompts"] == 64  # two for each of two sources
    each, other = (result[name, "topic", "D6"]["tokens_per_accepted_row"] for name in GENERATORS)
    cost = {pipeline_of: row["new_tokens"] for pipeline_of, row in result.items()}
    assert cost["writer", "words", "D6"] == pytest.approx(16 * each)
    assert cost["writer", "words", "D0"] == pytest.approx(12 * each + pool["new_tokens"])
    assert cost["mixed", "several", "D6"] == pytest.approx(8 * each + 8 * other)
    whole = base["new_tokens"] + result["writer", "topic", "D0"]["new_tokens"]
    assert cost["writer", "chosen", "D0"] == whole
    written = rows.filter(~pl.col("derived"))
    assert written["prompts"].null_count() == 0 and rows.filter("derived").height == 6


def test_targets_and_caps_out_of_reach_are_errors(done: Path, tiny: dict[str, Any]) -> None:
    study = with_pipelines(tiny)
    study["pipelines"]["chosen"]["out_of_reach"] = "error"
    study["curation"] = {"full": {"filters": {"length": {"min_words": 500}}}}
    folder = done.parent.parent
    run = run_snakemake(
        folder, study, "--rerun-triggers", "params", "--", *curated(["writer/chosen/D6"])
    )
    assert run.returncode != 0
    assert "all that generate.cap = 12 allows" in run.stdout
    assert re.search(r"curation\.full removed {.*'length': \d+", run.stdout)
