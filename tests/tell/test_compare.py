"""Two studies side by side: what differs in settings, and what each found."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import studies
from mixtura.cli.app import app
from mixtura.core.tables import write_table
from mixtura.tell.compare import compare_studies, comparison_text, differing_settings, read_study
from mixtura.tell.findings import answers
from mixtura.tell.tables import TABLES


def finished(folder: Path, levels: int, n: int) -> Path:
    """A results folder of a made-up study."""
    tables = studies.study(studies.flat, levels=levels, pipelines=("topic",), items=40, seeds=2)
    (folder / "tables").mkdir(parents=True)
    draw = {"replicate": pl.lit(0, pl.Int64), "shown": pl.lit(64, pl.Int64)}
    for name in ("diversity", "shift"):
        tables[name] = tables[name].with_columns(**draw).select(TABLES[name].types().keys())
    for name in ("findings", "diversity", "shift"):
        write_table(tables[name], folder / f"tables/{name}.parquet", TABLES[name])
    (folder / "study.json").write_text(json.dumps({"study": folder.name, "generate": {"n": n}}))
    return folder


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("results")
    return finished(folder / "small", 1, 64), finished(folder / "large", 2, 128)


def test_settings_are_listed_where_they_differ(two: tuple[Path, Path]) -> None:
    table = compare_studies(*map(read_study, two))
    rows = table.filter(part="setting").select("item", "a", "b").rows()
    assert sorted(rows) == [("generate.n", "64", "128"), ("study", '"small"', '"large"')]


def test_an_added_section_is_one_setting_without_what_it_leaves_empty() -> None:
    probe = {"kind": "probe", "c": 10.0, "search": None, "options": {}}
    a = {"seed": 1, "downstream": {"reader": {"steps": 20, "regime": "steps"}}}
    b = {"seed": 1, "downstream": {"reader": {"steps": 40, "regime": "steps"}, "probe": probe}}
    assert list(differing_settings(a, b)) == [
        ("downstream.reader.steps", "20", "40"),
        ("downstream.probe", None, '{"kind": "probe", "c": 10.0}'),
    ]
    assert list(differing_settings(a, a)) == []


def test_scores_of_both_stand_beside_each_other(two: tuple[Path, Path]) -> None:
    table = compare_studies(*map(read_study, two))
    scores = {row["item"]: row for row in table.filter(part="score").iter_rows(named=True)}
    shared = scores["64 real + 64 generated, topic D0, reader, accuracy"]
    for study, side in zip(two, ("a", "b"), strict=True):
        result = pl.read_parquet(study / "tables/findings.parquet").filter(
            level="D0", n_real=64, n_generated=64
        )
        assert shared[f"{side}_value"] == result["value"][0]
    only = scores["64 real + 64 generated, topic D1, reader, accuracy"]
    assert only["a"] is None and only["b"]


def test_the_command_prints_and_writes(two: tuple[Path, Path], tmp_path: Path) -> None:
    text, table = tmp_path / "both.md", tmp_path / "both.parquet"
    for file in (text, table):
        run = CliRunner().invoke(app, ["compare", *map(str, two), "--output", str(file)])
        assert run.exit_code == 0, run.output
        assert "# small and large" in run.output and "Too small to tell" in run.output
    assert text.read_text() == run.output.rstrip("\n") + "\n"
    assert pl.read_parquet(table).equals(compare_studies(*map(read_study, two)))


def test_what_is_equal_is_counted_and_not_listed(two: tuple[Path, Path]) -> None:
    study = read_study(two[0])
    table = compare_studies(study, study)
    text = comparison_text(table, "one", "other")
    for part, title in (("score", "Scores"), ("diversity", "Diversity")):
        equal = table.filter(part=part).height
        assert equal > 1 and f"## {title}\n\nNone.\n\n{equal} more are equal in both." in text
    assert "Too small to tell" in text


def test_what_is_no_study_is_named(two: tuple[Path, Path], tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["compare", str(two[0]), str(tmp_path)])
    assert run.exit_code == 1 and "is no finished study: it lacks tables/findings" in run.output


def test_the_recommendation_of_a_study_is_told(two: tuple[Path, Path]) -> None:
    run = CliRunner().invoke(app, ["recommend", str(two[0])])
    [answer] = answers(pl.read_parquet(two[0] / "tables/findings.parquet"))
    assert run.exit_code == 0
    assert run.output.startswith(f"reader, 64 real rows: {answer.head} {answer.sure}")


def test_a_table_of_another_version_is_refused_with_what_to_do(
    two: tuple[Path, Path], tmp_path: Path
) -> None:
    shutil.copytree(two[0], tmp_path / "old")
    file = tmp_path / "old/tables/findings.parquet"
    pl.read_parquet(file).drop("verdict").write_parquet(file)
    run = CliRunner().invoke(app, ["compare", str(two[0]), str(tmp_path / "old")])
    assert run.exit_code == 1 and f"{file}: no column 'verdict'" in run.output
    assert "remove it, and the next run makes it again" in run.output
