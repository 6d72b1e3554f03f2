"""Add shards to a level until curation leaves n rows in equal parts, or the cap is reached."""

from pathlib import Path
from typing import TYPE_CHECKING

from mixtura.core.files import read_lines
from mixtura.core.tables import read_table, read_tables
from mixtura.curate.pool import curate, protected_rows
from mixtura.curate.settings import TopUpSettings
from mixtura.generate.settings import GenerateRunning
from mixtura.generate.tables import Generated
from mixtura.generate.top_up import top_up
from mixtura.generate.writer import ShardWriter
from mixtura.job import Job
from mixtura.prepare.tables import Examples, Rows, Shifted, Splits

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job, paths = Job(snakemake, TopUpSettings), snakemake.input
settings, running = job.settings, GenerateRunning.from_json(snakemake.params.running)
examples = read_table(paths.examples, Examples)
shifted = [read_table(file, Shifted, ["id", "text"]) for file in paths.shifted]
data, splits = read_table(paths.data, Rows), read_table(paths.splits, Splits)
protected = protected_rows(data, splits, examples, shifted)
lines = read_lines(paths.lines[0]) if paths.lines else None
model = next(iter(paths.model), None)
writer = ShardWriter(
    *(settings.generate, running, model, examples, lines, job.resume, job.say),
    *(Path(snakemake.params.store), snakemake.params.code),
)
rows, rejected = (Path(folder) for folder in (snakemake.output.rows, snakemake.output.rejected))
rows.mkdir(parents=True, exist_ok=True)
rejected.mkdir(parents=True, exist_ok=True)
shards = top_up(
    read_tables(paths.shards, Generated),
    settings,
    curate=lambda pool: curate(pool, settings.curation, real=examples, protected=protected),
    generate=lambda n: writer.write(n, rows / f"{n}.parquet", rejected / f"{n}.parquet"),
    say=job.say,
)
gpus, added = snakemake.resources.get("gpu", 0), shards - settings.planned
job.done(shards=added, threads=snakemake.threads, gpus=gpus, **writer.stats)
