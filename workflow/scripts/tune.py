"""Fine-tune a generator on the mix of the round before: the model of a round of a loop."""

import shutil
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.mix import mix_rows
from mixtura.tables import whole, write_table
from mixtura.tuning import Writer

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings, given = job.settings, snakemake.input
data = pl.read_parquet(given.data)
made = pl.concat([pl.read_parquet(file) for file in given.generated])
mix = mix_rows(pl.read_parquet(given.splits), made, settings["mix"], settings["seed"])
texts = pl.concat([data, made.select(*data.columns, "topic", "fields")], how="diagonal")
rows = mix.join(texts, on="id", maintain_order="left")
model = Writer(given.model, settings, settings["seed"])
steps = model.learn(
    *model.pairs(rows),
    lambda step, total, loss: job.say(f"step {step} of {total}, loss {loss:.4f}"),
    job.resume,
    snakemake.resources.checkpoint_minutes,
)
shutil.rmtree(snakemake.output.model, ignore_errors=True)
with whole(snakemake.output.model) as folder:
    model.save(folder)
write_table(mix, snakemake.output.mix, **settings)
write_table(steps, snakemake.output.steps)
job.done(
    rows=mix.height,
    real=mix.filter(source="real").height,
    steps=steps.height,
    tokens_per_second=steps["tokens_per_second"].median(),
    micro_batch=steps["micro_batch"].min(),
)
