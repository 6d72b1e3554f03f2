"""Export one generated set: its rows and its card."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.export import card, own_columns
from mixtura.tables import whole, write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
given, study = snakemake.input, job.settings["study"]
data = pl.read_parquet(given.data, n_rows=0)
rows = own_columns(pl.read_parquet(given.rows), data, study["kind"])
text = card(
    " ".join(snakemake.wildcards),
    rows,
    study,
    job.settings["made"],
    {
        Path(folder).name: json.loads(Path(folder, "provenance.json").read_text())
        for folder in given.models
    },
    {name: pl.read_parquet(given[name]) for name in ("diversity", "shift", "curation")},
)
write_table(rows, snakemake.output.rows)
with whole(snakemake.output.card) as file:
    file.write_text(text, encoding="utf-8")
job.done(rows=rows.height)
