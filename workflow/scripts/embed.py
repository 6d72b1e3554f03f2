"""Embed the texts of one table; texts that the study embedded before are read from its store."""

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.embed import embed, stored_embeddings
from mixtura.model_digest import model_digest
from mixtura.tables import write_table
from pool import read_pool

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
model, dtype = snakemake.input.model, job.settings["dtype"]
given = snakemake.input
rows = read_pool(given.shards, given.more) if given.get("shards") else pl.read_parquet(given.rows)
rows = rows.with_columns(pl.col("text").fill_null(""))  # null in a pool: curation removes it
if splits := snakemake.input.get("splits"):
    kept = pl.read_parquet(splits).filter(pl.col("split").is_in(snakemake.params.splits))
    rows = rows.join(kept.select("id"), on="id", how="semi")
made, new = stored_embeddings(
    rows["text"].to_list(),
    lambda texts: embed(texts, model),
    Path(snakemake.params.store, f"{Path(model).name}-{model_digest(Path(model))}-{dtype}"),
    dtype,
)
kind = pl.Array(pl.Float16 if dtype == "float16" else pl.Float32, made.shape[1])
table = rows.select("id", "text", "label", "^topic$").with_columns(
    embedding=pl.Series(made, dtype=kind)
)
write_table(table, snakemake.output[0], model=model_digest(Path(model)), dtype=dtype)
job.done(rows=rows.height, embedded=new)
