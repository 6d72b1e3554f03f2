"""Add shards to a level until curation leaves n rows in equal parts, or the cap is reached."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.curate import curate
from mixtura.generate import check_shard, more_shards
from pool import read_pool, read_real
from shards import make_rows, open_generator, write_rows

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
given, made = snakemake.input, job.settings["generate"]
settings, variant = job.settings, dict(job.settings["curate"])
n, labels, size = variant.pop("n"), variant.pop("labels"), made["prompts"]
examples, protected = read_real(given)
pool, shards, backend = read_pool(given.shards, []), settings["planned"], None
running, model = json.loads(snakemake.params.running), next(iter(given.model), None)
folders = [Path(snakemake.output.rows), Path(snakemake.output.rejected)]
for folder in folders:
    folder.mkdir(parents=True, exist_ok=True)
while True:
    kept, removed, counts = curate(pool, variant, real=examples, protected=protected)
    found = dict(kept["label"].value_counts().iter_rows())
    job.say(f"{shards} shards of {size} prompts left {found} of {n} rows\n{counts}")
    wanted = more_shards(found, labels, n, shards * size, size)
    if not wanted:
        break
    if shards == settings["most"]:
        lost = dict(removed["stage"].value_counts().sort("stage").iter_rows())
        raise ValueError(
            f"{shards * size} prompts, all that generate.cap = {settings['cap']:g} allows, left "
            f"{found} of {n} rows in equal parts. {shards * size - pool.height} completions did "
            f"not parse, and {settings['key']} removed {lost}: raise generate.cap, or loosen what "
            "removed them"
        )
    backend = backend or open_generator(job, made, running, model)
    for shard in range(shards, min(shards + wanted, settings["most"])):
        rows = make_rows(job, made, examples, given.lines, backend, shard * size, size)
        check_shard(rows, running["least_parsed"])
        files = [Path(folder, f"{shard}.parquet") for folder in folders]
        parsed = write_rows(job, rows, made, backend, model, *files)
        pool, shards = pl.concat([pool, parsed]), shard + 1
gpus = snakemake.resources.get("gpu", 0)
job.done(shards=shards - settings["planned"], threads=snakemake.threads, gpus=gpus)
