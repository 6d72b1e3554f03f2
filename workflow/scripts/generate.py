"""Generate one shard, batch by batch; a killed job goes on after its last finished batch."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.backends import BACKENDS
from mixtura.generate import check_shard
from mixtura.tables import write_table
from shards import make_rows

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings = job.settings
backend = BACKENDS[settings["generator"]["backend"]](snakemake.input.model)
examples = pl.read_parquet(snakemake.input.examples)
first, prompts = settings["first"], settings["prompts"]
rows = make_rows(job, settings, examples, snakemake.input.lines, backend, first, prompts)
check_shard(rows)
write_table(
    rows.filter(pl.col("reason").is_null()).drop("reason"), snakemake.output.rows, **settings
)
write_table(rows.filter(pl.col("reason").is_not_null()), snakemake.output.rejected, empty=True)
job.done(rows=rows.height, new_tokens=rows["new_tokens"].sum())
