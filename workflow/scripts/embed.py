"""Embed the texts of one table."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job, write_table
from mixtura.embed import embed

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
rows = pl.read_parquet(snakemake.input.rows)
if splits := snakemake.input.get("splits"):
    kept = pl.read_parquet(splits).filter(split="reference")
    rows = rows.join(kept.select("id"), on="id", how="semi")
made = embed(rows["text"].to_list(), snakemake.input.model)
table = rows.select("id", "text", "label", "^topic$").with_columns(
    embedding=pl.Series(made, dtype=pl.Array(pl.Float32, made.shape[1]))
)
write_table(table, snakemake.output[0])
job.done(rows=rows.height)
