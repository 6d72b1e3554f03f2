"""Ask a language model for labels or scores of a pool, and of real rows, which check it."""

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from mixtura.core.files import parquet_files
from mixtura.core.tables import read_table, read_tables, write_table
from mixtura.curate.judge import judge_labels, rows_to_check
from mixtura.curate.quality import with_corrupted
from mixtura.curate.settings import READ, JudgeSettings
from mixtura.curate.tables import Judged
from mixtura.generate.backends import open_backend
from mixtura.generate.resume import finished_part
from mixtura.generate.settings import Running
from mixtura.generate.tables import Generated
from mixtura.job import Job
from mixtura.prepare.tables import Examples

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, JudgeSettings)
paths, settings = snakemake.input, job.settings
real = read_table(paths.examples, Examples)
shown, checked = rows_to_check(real, settings.kind)
columns = ["id", "text", *READ.get(settings.kind, ())]
files = parquet_files([*paths.shards, *paths.more])
pool = read_tables(files, Generated, columns)
rows = pl.concat([pool, checked.select(columns)])
running = Running.from_json(snakemake.params.running)
generator = settings.generator
backend = open_backend(generator, next(iter(paths.model), None), running, resume=job.resume)
parts = []
for start in range(0, rows.height, generator.batch_size):
    batch = rows[start : start + generator.batch_size]
    compute = partial(judge_labels, batch, shown, settings, backend)
    parts.append(finished_part(job.resume / f"{start}.parquet", compute)[0])
    job.say(f"{min(start + generator.batch_size, rows.height)} of {rows.height} texts")
judged = pl.concat(parts)
if settings.kind in READ:
    judged = with_corrupted(judged)
write_table(judged, snakemake.output[0], Judged, **settings.model_dump(mode="json"))
job.done(rows=judged.height, unanswered=judged.filter(judged="").height)
