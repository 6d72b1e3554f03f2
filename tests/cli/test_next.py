"""`mixtura next` on the tables of a finished study."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

import studies
from mixtura.cli.app import app
from mixtura.core.sets import ALLOCATED
from mixtura.core.tables import write_table
from mixtura.plan.allocation import read_allocation
from mixtura.tell.tables import TABLES


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(app, ["next", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study of two replicates, whose trainings took half an hour and whose text took one."""
    tables = studies.study(studies.peaked, levels=3, pipelines=("topic",), alone=False, seeds=2)
    runs = tables["predictions"].with_columns(replicate=pl.col("seed").cast(pl.Int64), seed=0)
    rows = pl.col("n_real") + pl.col("n_generated")
    arms = tables["arms"].with_columns(
        **dict.fromkeys(("real_passes", "generated_passes"), pl.lit(None, pl.Float64)),
        **{"control": pl.lit(None, pl.String), "rows": rows, "shown": 64},
        share=pl.col("n_generated") / rows,
    )
    frames = {
        "predictions": runs.with_columns(pl.col("seed").cast(pl.Int64)),
        "arms": arms.with_columns(pl.col("shown").cast(pl.Int64)),
        "diversity": tables["diversity"].with_columns(
            replicate=pl.lit(0, pl.Int64), shown=pl.lit(64, pl.Int64)
        ),
        "surface": studies.surface(3, (64,)),
    }
    for name, frame in frames.items():
        columns = [column for column in TABLES[name].types() if column in frame.columns]
        write_table(frame.select(columns), tmp_path / f"tables/{name}.parquet", TABLES[name])
    for replicate in range(2):
        names = [f"finetune/{arm}/reader" for arm in tables["arms"]["arm"]]
        files = [f"{name}/r{replicate}/seed-0.jsonl" for name in names]
        files += [f"generate/writer/topic/D{step}/r{replicate}/0.jsonl" for step in range(3)]
        for file in files:
            path = tmp_path / "benchmarks" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"s": 1800 if "finetune" in file else 3600}))
    return tmp_path


def test_cells_are_named_and_written(folder: Path) -> None:
    shown = run(folder, "--hours", 8)
    assert shown.exit_code == 0, shown.output
    assert "reader, 64 real rows: named is 64 real + " in shown.output
    assert "chance that the mix that is named is the best" in shown.output
    assert read_allocation(folder).cells == ()
    assert run(folder, "--hours", 8, "--write").exit_code == 0
    cells = read_allocation(folder).cells
    opened = len({cell.replicate for cell in cells})
    assert cells and min(cell.replicate for cell in cells) == ALLOCATED
    # A mix is half an hour and an hour of text, its baseline half an hour in each replicate.
    assert 1.5 * len(cells) + 0.5 * opened <= 8
    again = run(folder, "--hours", 8)
    assert again.exit_code == 1 and "have not run: run snakemake" in again.output


def test_cells_that_ran_make_the_answer_surer_and_new_ones_have_new_numbers(folder: Path) -> None:
    run(folder, "--hours", 4, "--write")
    file = folder / "tables/predictions.parquet"
    runs = pl.read_parquet(file)
    cells = read_allocation(folder).cells
    new = [
        runs.filter(pl.col("arm").is_in([cell.arm, "real64"]), replicate=0).with_columns(
            replicate=pl.lit(cell.replicate, pl.Int64)
        )
        for cell in cells
    ]
    rows = pl.concat([runs, *new]).unique(["arm", "replicate", "id"])
    write_table(rows, file, TABLES["predictions"])
    assert run(folder, "--hours", 4, "--write").exit_code == 0
    later = read_allocation(folder).cells[len(cells) :]
    assert min(cell.replicate for cell in later) > max(cell.replicate for cell in cells)


def test_what_is_lacking_is_said(folder: Path) -> None:
    assert "No cell fits into these hours" in run(folder, "--hours", 0.1).output
    for benchmark in folder.glob("benchmarks/**/*.jsonl"):
        benchmark.unlink()
    assert "has no measured jobs" in run(folder, "--hours", 8).output
    assert "is no finished study" in run(folder / "tables", "--hours", 8).output


def test_folds_are_refused_with_the_replicates_to_set(folder: Path) -> None:
    file = folder / "tables/predictions.parquet"
    runs = pl.read_parquet(file).with_columns(id=pl.format("{}/{}", "replicate", "id"))
    write_table(runs, file, TABLES["predictions"])
    output = " ".join(run(folder, "--hours", 8).output.split())
    assert "test rows are in folds" in output and "Set `replicates: 4`" in output
