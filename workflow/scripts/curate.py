"""Curate one generated set: remove, keep a receipt for every removed row, leave exactly n."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.curate import curate, take_balanced
from mixtura.tables import write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
n, labels = job.settings.pop("n"), job.settings.pop("labels")
pool = pl.concat(pl.read_parquet(shard) for shard in snakemake.input.shards)
real = pl.read_parquet(snakemake.input.examples)
test = pl.read_parquet(snakemake.input.splits).filter(split="test")
protected = pl.read_parquet(snakemake.input.data).join(test, on="id", how="semi")
kept, removed, counts = curate(pool, job.settings, real=real, protected=protected)
job.say(f"{pool.height} rows in\n{counts}")
try:
    rows = take_balanced(kept, n, labels=labels)
except ValueError as error:
    raise ValueError(
        f"{error}, from {pool.height} parsed completions; raise generate.overgenerate, or loosen "
        f"what removed them: {dict(removed['stage'].value_counts().iter_rows())}"
    ) from None
write_table(removed, snakemake.output.removed, empty=True)
write_table(counts, snakemake.output.counts)
write_table(rows, snakemake.output.rows, **job.settings)
job.done(rows=rows.height, removed=removed.height)
