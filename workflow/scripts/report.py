"""Write the report: one HTML file that opens offline."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.model_size import parameters
from mixtura.report import render_report, stage_times, versions
from mixtura.tables import set_of, whole

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
given = snakemake.input
TABLES = ("findings", "hypotheses", "diversity", "shift", "curation", "generation")


def sets(files: list[str]) -> dict[str, pl.DataFrame]:
    """generator/pipeline/level -> its rows."""
    return {"/".join(set_of(file)): pl.read_parquet(file) for file in files}


html = render_report(
    snakemake.params.template,
    study=job.settings["study"],
    absent=job.settings["absent"],
    tables={
        name: pl.read_parquet(given[name])
        for name in (*TABLES, *(["search"] if given.get("search") else []))
    },
    figures={Path(file).stem: Path(file).read_text(encoding="utf-8") for file in given.figures},
    samples={"real": pl.read_parquet(given.examples), **sets(given.curated)},
    removed=sets(given.removed),
    provenance={
        Path(folder).name: json.loads(Path(folder, "provenance.json").read_text())
        | {"parameters": parameters(Path(folder))}
        for folder in given.models
    },
    times=stage_times(Path(snakemake.params.benchmarks)),
    versions=versions(),
)
with whole(snakemake.output.page) as file:
    file.write_text(html, encoding="utf-8")
with whole(snakemake.output.study) as file:
    file.write_text(json.dumps(job.settings["study"], indent=1), encoding="utf-8")
job.done(bytes=len(html))
