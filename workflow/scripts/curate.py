"""Curate one generated set: remove, keep a receipt for every removed row, leave exactly n."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.balance import take_balanced
from mixtura.curate import curate, embeddings_of
from mixtura.tables import write_table
from pool import read_pool, read_real

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
given, variant = snakemake.input, dict(job.settings)
n, labels, _ = variant.pop("n"), variant.pop("labels"), variant.pop("embedder", None)
pool = read_pool(given.shards, given.more)
real, protected = read_real(given)
vectors = {}
if given.get("pool"):
    made = pl.read_parquet(given.pool[0])
    parts = (pl.read_parquet(file).select("id", "embedding") for file in given.protected)
    theirs = pl.concat(parts).unique("id")
    vectors = {
        "embeddings": embeddings_of(pool, made),
        "real_embeddings": embeddings_of(real, theirs),
        "protected_embeddings": embeddings_of(protected, theirs),
    }
for table in given.judged:
    answers = pl.read_parquet(table)
    pool, real = (
        rows.join(answers, on="id", how="left", maintain_order="left") for rows in (pool, real)
    )
kept, removed, counts = curate(pool, variant, real=real, protected=protected, **vectors)
job.say(f"{pool.height} rows in\n{counts}")
try:
    rows = take_balanced(kept, n, labels=labels).drop("judged", strict=False)
except ValueError as error:
    raise ValueError(
        f"{error}, from {pool.height} parsed completions; raise generate.overgenerate, or loosen "
        f"what removed them: {dict(removed['stage'].value_counts().iter_rows())}"
    ) from None
write_table(removed, snakemake.output.removed, empty=True)
write_table(counts, snakemake.output.counts)
topics = rows["topic"].drop_nulls().n_unique()
write_table(rows, snakemake.output.rows, topics=topics, **job.settings)
job.done(rows=rows.height, removed=removed.height, topics=topics)
