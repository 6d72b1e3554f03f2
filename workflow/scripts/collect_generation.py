"""Sum up what generation took: one row for each set, from the statistics of its jobs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.prices import generation_rows
from mixtura.tables import set_of, write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job, given = Job(snakemake), snakemake.input
sets: dict[tuple[str, ...], list[dict]] = {}
for path in given.shards:
    sets.setdefault(set_of(Path(path).parent), []).append(json.loads(Path(path).read_text()))
for path in given.added:
    sets[set_of(path)].append(json.loads(Path(path).read_text()))
accepted = {set_of(path): pl.read_parquet(path)["rows_out"][-1] for path in given.counts}
accepted |= {tuple(made): rows for made, rows in job.settings["paraphrases"]}
origins = {
    tuple(made): [(tuple(one), rows) for one, rows in parts]
    for made, parts in job.settings["origins"]
}
prices, hours = job.settings["prices"], job.settings["hours"]
table = generation_rows(sets, accepted, prices, origins, hours)
write_table(table, snakemake.output[0])
job.done(rows=table.height)
