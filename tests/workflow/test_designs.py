"""Designs and probes on the tiny study: what is trained on what, and one job for many runs."""

import copy
import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from conftest import run_snakemake


@pytest.fixture(scope="module")
def study(tiny: dict[str, Any]) -> dict[str, Any]:
    """The tiny study with a probe in the encoder's place, several designs and two replicates."""
    changed = copy.deepcopy(tiny)
    changed["replicates"] = 2
    changed["task"]["shifted"] = {"others": changed["task"]["data"]}
    changed["task"]["shifted_rows"] = 20
    changed["designs"] = {
        "real": [8],
        "level": {},
        "mix-add": {"ratios": [0.5]},
        "mix-fixed": {"total": 16, "shares": [0.5]},
        "grid": {"real": [8, 16], "generated": [8, 16]},
    }
    changed["downstream"] = {"probe": {"kind": "probe", "embedder": "reader"}}
    return changed


@pytest.fixture(scope="module")
def done(
    study: dict[str, Any], finished: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Folder in which the tables of that study were made."""
    folder = tmp_path_factory.mktemp("designs") / "study"
    shutil.copytree(finished, folder, symlinks=True)  # what is the same is not made again
    run = run_snakemake(folder, study, "tables")
    assert run.returncode == 0, run.stdout
    yield folder
    shutil.rmtree(folder)


def table(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(folder / f"results/tiny/{name}.parquet")


def test_one_job_fits_the_probe_on_every_arm(done: Path) -> None:
    splits, arms = table(done, "data/splits"), table(done, "tables/arms")
    test = splits.filter(split="test")["id"].to_list()
    for replicate, seed in product((0, 1), (0, 1)):
        folder = f"runs/probe/r{replicate}/seed-{seed}"
        runs = table(done, f"{folder}/predictions")
        assert set(runs["arm"]) == set(arms["arm"])
        at_test = runs.filter(test="test")
        assert all(run["id"].to_list() == test for _, run in at_test.group_by("arm"))
        mixes = table(done, f"{folder}/mixes")
        result = mixes.group_by("arm").agg(
            n_real=(pl.col("source") == "real").sum(),
            n_generated=(pl.col("source") == "generated").sum(),
        )
        both = result.join(arms, on="arm", suffix="_planned")
        assert both.filter(
            (pl.col("n_real") + pl.col("n_generated") != pl.col("rows"))  # repeated ones count
            | (pl.col("n_generated") != pl.col("n_generated_planned"))
        ).is_empty()
        assert set(test).isdisjoint(mixes["id"])
    assert table(done, "tables/predictions").height == 2 * 2 * arms["arm"].n_unique() * (40 + 20)


def test_replicates_have_rows_and_text_of_their_own(done: Path) -> None:
    first, second = (set(table(done, f"data/examples/r{r}")["id"]) for r in (0, 1))
    assert first != second and len(first) == len(second) == 8
    for level in ("D0", "D6"):
        texts = [set(table(done, f"curated/writer/topic/{level}/r{r}")["text"]) for r in (0, 1)]
        assert texts[0] != texts[1]
        for replicate, seen in enumerate((first, second)):
            shard = table(done, f"generated/writer/topic/{level}/r{replicate}/0")
            assert set(shard["example_ids"].explode()) <= seen
    for replicate, seen in enumerate((first, second)):
        mixes = table(done, f"runs/probe/r{replicate}/seed-0/mixes").filter(source="real")
        few = mixes.group_by("arm").agg("id").filter(pl.col("id").list.n_unique() == 8)
        assert few.height and all(set(ids) == seen for ids in few["id"])
    sets = ("diversity", "shift", "curation", "generation")
    for name in sets:
        keys = table(done, f"tables/{name}").select("replicate", "shown").unique()
        assert set(keys.rows()) == {(0, 8), (1, 8)}


def test_one_more_replicate_touches_no_other(done: Path, study: dict[str, Any]) -> None:
    run = run_snakemake(done, {**study, "replicates": 3}, "-n")
    for job in ("Fit probe on every arm", "Generate topic", "Curate", "Measure diversity"):
        lines = [line for line in run.stdout.splitlines() if job in line]
        assert lines and all("r2" in line or "replicate 2" in line for line in lines), job


def test_every_run_is_scored_on_the_other_test_set(done: Path) -> None:
    rows = table(done, "data/shifted/others")
    assert dict(rows["label"].value_counts().iter_rows()) == {"positive": 10, "negative": 10}
    scores = table(done, "tables/scores")
    of_labels = {"accuracy", "macro_f1", "balanced_accuracy"}
    assert set(scores["metric"]) == of_labels | {"log_loss", "calibration_error"}
    for (test,), part in scores.group_by("test"):
        assert set(part["n"]) == {40 if test == "test" else 20}
        assert set(part["arm"]) == set(table(done, "tables/arms")["arm"])
    assert set(scores["test"]) == {"test", "others"}


def test_one_more_seed_fits_that_seed_alone(done: Path, study: dict[str, Any]) -> None:
    run = run_snakemake(done, {**study, "seeds": [0, 1, 2]}, "tables", "-n")
    assert run.stdout.count("Fit probe on every arm") == 2  # one a replicate
    assert "seed 2" in run.stdout and "Embed" not in run.stdout


def test_curves_of_the_grid_are_nested(done: Path) -> None:
    mixes, arms = table(done, "runs/probe/r0/seed-0/mixes"), table(done, "tables/arms")
    ids = {arm: set(rows["id"]) for (arm,), rows in mixes.group_by("arm")}
    grid = arms.filter(design="grid", generator="writer", level="D0")
    cells = {(row["n_real"], row["n_generated"]): ids[row["arm"]] for row in grid.to_dicts()}
    assert cells[8, 8] < cells[8, 16] < cells[16, 16]
    assert cells[8, 8] < cells[16, 8] < cells[16, 16]
    alone = arms.filter(design="real-only", n_real=8)["arm"][0]
    assert ids[alone] < cells[8, 8]


def test_every_mix_has_its_baselines(done: Path) -> None:
    arms, result = table(done, "tables/arms"), table(done, "tables/findings")
    assert set(arms["design"]) == {
        *("zero-shot", "real-only", "real-repeated"),
        *("level", "mix-add", "mix-fixed", "grid"),
    }
    known = set(arms["arm"])
    mixed = arms.filter(pl.col("n_generated") > 0)
    assert mixed["baseline"].null_count() == 0 and set(mixed["baseline"]) <= known
    held = mixed.filter(pl.col("n_real") > 0).join(
        arms.unique("arm"), left_on="control", right_on="arm", suffix="_control"
    )
    assert held.height == mixed.filter(pl.col("n_real") > 0).height
    assert (held["rows"] == held["rows_control"]).all()
    assert (held["n_real"] == held["n_real_control"]).all()
    chance = result.filter(design="zero-shot", metric="accuracy", test="test")
    assert chance["value"].to_list() == [0.5]  # labels of the test split are in equal parts
    text = (done / "results/tiny/findings.md").read_text()
    assert "nothing (untrained)" in text and "8 real, repeated to 16" in text
