"""Combine the curated sets of several generators in equal shares."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.derive import combine_sets, stage_counts
from mixtura.tables import set_of, write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
# results/{study}/curated/{generator}/{pipeline}/{level}.parquet
sets = [(set_of(file)[0], pl.read_parquet(file)) for file in snakemake.input.sets]
rows, removed = combine_sets(sets, **job.settings)
write_table(removed, snakemake.output.removed, empty=True)
counts = stage_counts({"combine": sum(part.height for _, part in sets)}, removed)
write_table(counts, snakemake.output.counts)
write_table(rows, snakemake.output.rows, **job.settings)
job.done(rows=rows.height, removed=removed.height)
