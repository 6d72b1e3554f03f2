"""What a study will take: counts and sums of a plan, measured and estimated."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mixtura.config import Study, load_study
from mixtura.costs import plan_table, plan_text


def job(rule: str, why: list[str] | None, **more: Any) -> dict[str, Any]:
    kept = {"threads": 1, "gpu": 0, "bytes": 0, "log": None, "benchmark": None}
    return {"rule": rule, "wildcards": {}, "why": why, **kept, **more}


@pytest.fixture
def study(tiny: dict[str, Any]) -> Study:
    return load_study({**tiny, "prices": {"gpu_hour": 2.0, "cpu_hour": 0.1, "million_tokens": 3}})


MISSING = ["output files have to be generated", "input files updated by another job"]
SHARD = {"generator": "writer", "pipeline": "topic", "level": "D0", "shard": "0"}


def test_estimates_come_from_the_configuration(study: Study, tmp_path: Path) -> None:
    jobs = [job("generate", MISSING, wildcards=SHARD, gpu=2, threads=4) for _ in range(3)]
    row = plan_table(study, jobs, tmp_path).row(0, named=True)
    assert (row["run"], row["done"], row["prompts"], row["tokens"]) == (3, 0, 96, 3 * 32 * 40)
    assert row["cpu_hours"] == pytest.approx(2 * row["gpu_hours"]) and row["gpu_hours"] > 0
    assert row["cost"] == pytest.approx(2.0 * row["gpu_hours"] + 0.1 * row["cpu_hours"])
    assert (row["basis"], row["why"]) == ("estimate", "3 missing")


def test_jobs_that_ran_tell_how_long_others_take(study: Study, tmp_path: Path) -> None:
    (tmp_path / "0.jsonl").write_text('{"s": 1800.0}\n')
    (tmp_path / "0.json").write_text(json.dumps({"new_tokens": 500, "seconds": 1700}))
    ran = {"benchmark": "0.jsonl", "log": "0.log", "bytes": 2_000_000}
    jobs = [
        job("generate", None, wildcards=SHARD, gpu=1, **ran),
        job("generate", MISSING, wildcards=SHARD, gpu=1),
        job("generate", MISSING[1:], wildcards=SHARD, gpu=1),
    ]
    row = plan_table(study, jobs, tmp_path).row(0, named=True)
    assert (row["run"], row["done"], row["basis"]) == (2, 1, "measured")
    assert (row["tokens"], row["gpu_hours"], row["disk_mb"]) == (1000, 1.0, 4.0)
    assert row["why"] == "1 missing, 1 upstream"


def test_a_model_is_measured_by_its_own_jobs(tiny: dict[str, Any], tmp_path: Path) -> None:
    tiny = {**tiny, "downstream": {**tiny["downstream"], "large": {"model": "reader"}}}
    (tmp_path / "0.jsonl").write_text('{"s": 3600.0}\n')
    jobs = [
        job("finetune", None, wildcards={"model": "reader"}, benchmark="0.jsonl"),
        job("finetune", MISSING, wildcards={"model": "reader"}),
        job("finetune", MISSING, wildcards={"model": "large"}),
    ]
    row = plan_table(load_study(tiny), jobs, tmp_path).row(0, named=True)
    assert row["basis"] == "1 of 2 measured" and 1 < row["cpu_hours"] < 1.5


def test_the_printed_table_has_totals(study: Study, tmp_path: Path) -> None:
    jobs = [job("generate", MISSING, wildcards=SHARD), job("curate", None), job("split", None)]
    table = plan_table(study, jobs, tmp_path)
    assert table["done"].to_list() == [0, 1, 1] and table.schema["run"] == pl.Int64
    lines = plan_text(table).splitlines()
    assert lines[0].split()[:3] == ["stage", "to", "run"] and len(lines) == 6
    assert lines[-1].split()[:4] == ["total", "1", "2", "32"]
