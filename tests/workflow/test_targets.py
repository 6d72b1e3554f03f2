"""Targets beside `all`: confirm and export."""

from pathlib import Path
from typing import Any

import datasets
import polars as pl

from conftest import run_snakemake
from mixtura.infer.verdicts import GAIN


def table(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(folder / f"results/tiny/{name}.parquet")


def test_the_recommended_mixes_are_confirmed_on_fresh_replicates(
    study_copy: Path, tiny: dict[str, Any]
) -> None:
    before = table(study_copy, "tables/findings")
    run = run_snakemake(study_copy, tiny, "confirm")
    assert run.returncode == 0, run.stdout
    fresh = tiny.get("replicates", 1)
    named = table(study_copy, "tables/surface").filter(pl.col("recommended")).sort("gain")
    named = named.unique(["model", "n_real"], keep="last")  # of several forms that gains most
    confirmed = table(study_copy, "tables/confirmation")
    assert set(named["arm"]) <= set(confirmed["arm"])
    assert (confirmed["replicates"] == fresh).all()
    assert f"numbers {fresh}" in (study_copy / "results/tiny/confirmation.md").read_text()
    assert table(study_copy, "tables/findings").equals(before)
    again = run_snakemake(study_copy, tiny, "-n", "all", "confirm")
    assert "Nothing to be done" in again.stdout, again.stdout


def test_every_set_and_the_best_mix_are_exported(study_copy: Path, tiny: dict[str, Any]) -> None:
    run = run_snakemake(study_copy, tiny, "export")
    assert run.returncode == 0, run.stdout
    data = table(study_copy, "data/reviews")
    folder = study_copy / "results/tiny/export"
    for level in ("D0", "D6"):
        loaded = datasets.load_dataset(
            str(folder / f"sets/writer/topic/{level}"), cache_dir=str(study_copy / "datasets")
        )["train"]
        rows = table(study_copy, f"curated/writer/topic/{level}/r0")
        assert loaded.to_list() == rows.select(data.columns).to_dicts()
    best = table(study_copy, "export/best/data/train")
    text = (folder / "best/README.md").read_text()
    assert best.columns == [*data.columns, "source"]
    real = best.filter(source="real")
    assert real.join(data, on=data.columns, how="semi").height == real.height == 16
    alone = "So these are the real rows alone" in text
    assert alone == (best.height == real.height)
    assert ("recommended" in text.split("---")[1]) == (not alone)


def test_a_mix_that_gains_is_exported_as_the_best(study_copy: Path, tiny: dict[str, Any]) -> None:
    findings_table = table(study_copy, "tables/findings")
    gains = pl.col("design").eq("mix-add") & pl.col("level").eq("D6")
    shown = {"verdict": pl.lit(GAIN), "simultaneous_low": 0.1, "control_simultaneous_low": 0.1}
    planted = findings_table.with_columns(
        pl.when(gains).then(value).otherwise(name).alias(name) for name, value in shown.items()
    )
    planted.write_parquet(study_copy / "results/tiny/tables/findings.parquet")
    run = run_snakemake(study_copy, tiny, "results/tiny/export/best/README.md")
    assert run.returncode == 0, run.stdout
    best = table(study_copy, "export/best/data/train")
    text = (study_copy / "results/tiny/export/best/README.md").read_text()
    arm = findings_table.filter(gains)["arm"][0]
    mix = table(study_copy, f"runs/{arm}/reader/r0/part-0/seed-0/mix")
    assert best.select("id", "source").equals(mix)
    assert best.null_count().sum_horizontal()[0] == 0
    set_name = best.filter(source="generated").drop("source")
    rows = table(study_copy, "curated/writer/topic/D6/r0").select(set_name.columns)
    assert set_name.join(rows, on=set_name.columns, how="semi").height == set_name.height == 16
    assert "- recommended" in text and "Use topic at D6 with 50% generated rows" in text
