"""Generate one shard, batch by batch; a killed job goes on after its last finished batch."""

import json
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.generate import check_shard
from shards import make_rows, open_generator, write_rows

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings, running = job.settings, json.loads(snakemake.params.running)
model = next(iter(snakemake.input.model), None)
backend = open_generator(job, settings, running, model)
examples = pl.read_parquet(snakemake.input.examples)
first, prompts = settings["first"], settings["prompts"]
rows = make_rows(job, settings, examples, snakemake.input.lines, backend, first, prompts)
check_shard(rows, running["least_parsed"])
write_rows(job, rows, settings, backend, model, snakemake.output.rows, snakemake.output.rejected)
job.done(threads=snakemake.threads, gpus=snakemake.resources.get("gpu", 0))
