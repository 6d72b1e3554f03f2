"""`mixtura plan` takes what Snakemake takes."""

from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from conftest import ROOT
from mixtura.cli.app import app


def test_another_folder_and_values_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    arguments = ["--directory", str(tmp_path), "--config", "seeds=[0,1]", "task={test: 500}"]
    table = tmp_path / "plan.csv"
    run = CliRunner().invoke(app, ["plan", *arguments, "--output", str(table)])
    assert run.exit_code == 0, run.output
    jobs = dict(pl.read_csv(table).select("stage", "run").iter_rows())
    assert jobs["finetune"] == 8  # real rows alone and one mix, by 4 replicates; seeds share a job
