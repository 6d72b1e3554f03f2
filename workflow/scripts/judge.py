"""Ask a language model for the labels of one pool, and of real rows, which tell how good it is."""

from typing import TYPE_CHECKING

import polars as pl

from mixtura.core.files import parquet_files
from mixtura.core.tables import read_table, read_tables, write_table
from mixtura.curate.judge import judge_labels, shown_rows
from mixtura.curate.settings import JudgeSettings
from mixtura.curate.tables import Judged
from mixtura.generate.backends import open_backend
from mixtura.generate.settings import Running
from mixtura.generate.tables import Generated
from mixtura.job import Job
from mixtura.prepare.tables import Examples

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, JudgeSettings)
paths, settings = snakemake.input, job.settings
real = read_table(paths.examples, Examples)
shown = shown_rows(real)
files = parquet_files([*paths.shards, *paths.more])
pool = read_tables(files, Generated, ["id", "text"])
checked = real.join(shown, on="id", how="anti")
rows = pl.concat([pool, checked.select("id", "text")])
running = Running.from_json(snakemake.params.running)
generator = settings.generator
backend = open_backend(generator, next(iter(paths.model), None), running, resume=job.resume)
parts = []
for start in range(0, rows.height, generator.batch_size):
    part = job.resume / f"{start}.parquet"
    if not part.exists():
        batch = rows[start : start + generator.batch_size]
        write_table(judge_labels(batch, shown, settings, backend), part, Judged)
    parts.append(read_table(part, Judged))
    job.say(f"{min(start + generator.batch_size, rows.height)} of {rows.height} texts")
judged = pl.concat(parts)
write_table(judged, snakemake.output[0], Judged, **settings.model_dump(mode="json"))
job.done(rows=judged.height, unanswered=judged.filter(judged="").height)
