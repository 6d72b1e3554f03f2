"""Two studies side by side: what differs in settings, and what each found."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import studies
from mixtura.cli import app
from mixtura.compare import compare_studies, flat_settings, read_study
from mixtura.findings import answers
from mixtura.stats import NO_GAIN


def finished(folder: Path, levels: int, n: int) -> Path:
    """A results folder of a made-up study."""
    made = studies.study(studies.flat, levels=levels, pipelines=("topic",), items=40, seeds=2)
    (folder / "tables").mkdir(parents=True)
    for name in ("findings", "diversity", "shift"):
        made[name].write_parquet(folder / f"tables/{name}.parquet")
    (folder / "study.json").write_text(json.dumps({"study": folder.name, "generate": {"n": n}}))
    return folder


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("results")
    return finished(folder / "small", 1, 64), finished(folder / "large", 2, 128)


def test_settings_are_listed_where_they_differ(two: tuple[Path, Path]) -> None:
    assert flat_settings({"a": {"b": [1], "c": None}}) == {
        "a.b": ("[1]", None),
        "a.c": ("null", None),
    }
    table = compare_studies(*map(read_study, two))
    rows = table.filter(part="setting").select("item", "a", "b").rows()
    assert sorted(rows) == [("generate.n", "64", "128"), ("study", '"small"', '"large"')]


def test_scores_of_both_stand_beside_each_other(two: tuple[Path, Path]) -> None:
    table = compare_studies(*map(read_study, two))
    scores = {row["item"]: row for row in table.filter(part="score").iter_rows(named=True)}
    shared = scores["64 real + 64 generated, topic D0, reader, accuracy"]
    for study, side in zip(two, ("a", "b"), strict=True):
        found = pl.read_parquet(study / "tables/findings.parquet").filter(
            level="D0", n_real=64, n_generated=64
        )
        assert shared[f"{side}_value"] == found["value"][0]
    only = scores["64 real + 64 generated, topic D1, reader, accuracy"]
    assert only["a"] is None and only["b"]


def test_the_command_prints_and_writes(two: tuple[Path, Path], tmp_path: Path) -> None:
    text, table = tmp_path / "both.md", tmp_path / "both.parquet"
    for file in (text, table):
        run = CliRunner().invoke(app, ["compare", *map(str, two), "--output", str(file)])
        assert run.exit_code == 0, run.output
        assert "# small and large" in run.output and NO_GAIN in run.output
    assert text.read_text() == run.output.rstrip("\n") + "\n"
    assert pl.read_parquet(table).equals(compare_studies(*map(read_study, two)))


def test_what_is_no_study_is_named(two: tuple[Path, Path], tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["compare", str(two[0]), str(tmp_path)])
    assert run.exit_code == 1 and "is no finished study: it lacks tables/findings" in run.output


def test_the_recommendation_of_a_study_is_told(two: tuple[Path, Path]) -> None:
    run = CliRunner().invoke(app, ["recommend", str(two[0])])
    [answer] = answers(pl.read_parquet(two[0] / "tables/findings.parquet"))
    assert run.exit_code == 0
    assert run.output.startswith(f"reader, 64 real rows: {answer.head} {answer.sure}")
