"""Put the parts of the tables of diversity, shift and curation together."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.tables import set_of, write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
for kind in ("diversity", "shift"):
    table = pl.concat(pl.read_parquet(part) for part in snakemake.input[kind])
    write_table(table, snakemake.output[kind])
counts = []
for part in snakemake.input.counts:
    generator, pipeline, level = set_of(part)
    made = {"generator": generator, "pipeline": pipeline, "level": level}
    table = pl.read_parquet(part)
    counts.append(table.select(*(pl.lit(v).alias(k) for k, v in made.items()), pl.all()))
write_table(pl.concat(counts), snakemake.output.curation)
job.done()
