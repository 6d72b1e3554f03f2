"""Generate one shard, batch by batch; a killed job goes on after its last finished batch."""

from pathlib import Path
from typing import TYPE_CHECKING

from mixtura.core.files import read_lines
from mixtura.core.tables import read_table
from mixtura.generate.settings import GenerateRunning, GenerateSettings
from mixtura.generate.writer import ShardWriter
from mixtura.job import Job
from mixtura.prepare.tables import Examples

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job, paths = Job(snakemake, GenerateSettings), snakemake.input
settings, running = job.settings, GenerateRunning.from_json(snakemake.params.running)
# Paraphrases show texts of a curated set, which has other columns beside these.
columns = ["id", "text", "label"] if settings.dial.name == "paraphrase" else None
examples = read_table(paths.examples, Examples, columns)
lines = read_lines(paths.lines[0]) if paths.lines else None
model = next(iter(paths.model), None)
writer = ShardWriter(
    *(settings, running, model, examples, lines, job.resume, job.say),
    *(Path(snakemake.params.store), snakemake.params.code),
)
shard = int(snakemake.wildcards.shard)
writer.write(shard, snakemake.output.rows, snakemake.output.rejected)
gpus = snakemake.resources.get("gpu", 0)
job.done(threads=snakemake.threads, gpus=gpus, **writer.stats)
