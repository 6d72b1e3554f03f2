"""Compare every arm with real data alone, and say what was found."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.findings import findings_text
from mixtura.stats import findings
from mixtura.tables import whole, write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
table = findings(
    pl.read_parquet(snakemake.input.predictions).filter(test="test"),
    pl.read_parquet(snakemake.input.arms),
    job.settings["metrics"],
    seed=job.settings["seed"],
)
text = findings_text(
    table, pl.read_parquet(snakemake.input.diversity), pl.read_parquet(snakemake.input.shift)
)
write_table(table, snakemake.output.table)
with whole(snakemake.output.text) as file:
    file.write_text(text, encoding="utf-8")
job.done(rows=table.height)
