"""Split the real rows, and set aside the examples that generators are shown."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.splits import split_rows
from mixtura.tables import write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
rows = pl.read_parquet(snakemake.input[0])
splits = split_rows(rows, **job.settings)
write_table(splits, snakemake.output.splits)
examples = rows.join(splits.filter(split="examples"), on=["id", "label"], maintain_order="right")
write_table(examples.select(rows.columns), snakemake.output.examples)
job.done(rows=splits.height)
