"""`mixtura test` on logs, tables and mistakes."""

from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from conftest import ROOT
from mixtura.cli.app import app
from mixtura.core.tables import check
from mixtura.infer.systems import SystemComparisons

LOGS = ROOT / "docs/logs"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["test", *map(str, arguments)])


def test_logs_of_lm_eval_give_a_verdict_on_the_terminal_in_markdown_and_in_parquet(
    tmp_path: Path,
) -> None:
    files = tmp_path / "out.md", tmp_path / "out.parquet"
    result = run(
        *(f"base={LOGS / 'base'}", f"tuned={LOGS / 'tuned'}", "--group", "film"),
        *("--margin", 0.02, "--output", files[0], "--output", files[1]),
    )
    assert result.exit_code == 0, result.output
    table = pl.read_parquet(files[1])
    check(table, files[1], SystemComparisons)
    row = table.row(0, named=True)
    assert (row["task"], row["system"], row["other"]) == ("mood", "tuned", "base")
    assert (row["n"], row["groups"], row["seeds"], row["margin"]) == (40, 8, 3, 0.02)
    assert row["difference"] == pytest.approx(row["value"] - row["other_value"])
    assert "mood: 40 items in 8 groups, 3 runs, for new runs and items" in result.output
    assert files[0].read_text().startswith("# Systems on the same items\n\n| task")
    assert row["verdict"] in result.output
    fixed = run(*(f"{name}={LOGS / name}" for name in ("base", "tuned")), "--fixed")
    assert "for these systems as they are and new items" in fixed.output


def test_logs_of_inspect_and_common_items(tmp_path: Path) -> None:
    logs = LOGS / "inspect"
    result = run(f"a={logs / 'base.eval'}", f"b={logs / 'tuned.eval'}", "--score", "match")
    assert result.exit_code == 0, result.output
    assert "| sums | match" in result.output and "includes" not in result.output
    for name, items in (("a.csv", "xyzuvw"), ("b.csv", "xyzuv")):
        rows = "\n".join(f"{item},{place % 2}" for place, item in enumerate(items))
        (tmp_path / name).write_text(f"item,score\n{rows}\n")
    files = tmp_path / "a.csv", tmp_path / "b.csv"
    refused = run(*files)
    assert refused.exit_code == 1
    assert "mixtura test: score: b (replicate 0, seed 0) has no score of item 'w'" in refused.stderr
    result = run(*files, "--common")
    assert result.exit_code == 0 and "--common: 1 items" in result.stderr


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("item,score\nx,1\ny,0\n")
    for arguments, message in (
        ([tmp_path / "gone.csv"], "gone.csv does not exist; give a file, or a folder with logs"),
        ([f"a={tmp_path / 'gone'}"], "gone does not exist"),
        ([f"={tmp_path / 'a.csv'}"], "has no name before =; write NAME=PATH"),
        ([tmp_path / "a.csv"], "scores are of a alone: give two systems or more"),
        (
            [f"a={tmp_path / 'a.csv'}", f"b={tmp_path / 'a.csv'}", "--output", "out.txt"],
            "out.txt: allowed are .csv",
        ),
    ):
        result = run(*arguments)
        assert result.exit_code == 1 and message in result.stderr, result.output
        assert result.stderr.startswith("mixtura test: ")
        assert result.stderr.count("\n") == 1
