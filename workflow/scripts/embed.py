"""Embed the texts of one table; what it embedded before is read from the study's store."""

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from mixtura.core.contents import content_digest
from mixtura.core.digest import digest as digest_of
from mixtura.core.files import parquet_files
from mixtura.core.parquet import read_parquet
from mixtura.core.tables import read_table, write_table
from mixtura.job import Job
from mixtura.measure.embed import embed_rows, embedding_packages
from mixtura.measure.settings import EmbedSettings
from mixtura.measure.tables import Embeddings
from mixtura.prepare.tables import Splits

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, EmbedSettings)
inputs, dtype, model = snakemake.input, job.settings.dtype, Path(snakemake.input.model)
files = [*inputs.shards, *inputs.more] if inputs.get("shards") else [inputs.rows]
rows = pl.concat(map(read_parquet, parquet_files(files)))
if inputs.get("splits"):
    sides = read_table(inputs.splits, Splits).filter(pl.col("split").is_in(snakemake.params.splits))
    rows = rows.join(sides.select("id"), on="id", how="semi")
digest, packages = content_digest(model), embedding_packages()
kind = job.settings.kind
parts = [digest, packages] + ([kind] if kind != "sentence" else [])
store = Path(snakemake.params.store, f"{model.name}-{digest_of(parts)}-{dtype}")
table, new = embed_rows(rows, model, store, dtype, kind)
about = {"model": digest, "dtype": dtype, "packages": packages}
write_table(table, snakemake.output[0], Embeddings, **about)
job.done(rows=table.height, embedded=new)
