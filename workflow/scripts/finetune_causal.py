"""Fine-tune one causal language model on one mix, and predict the test split."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.causal import CausalModel
from mixtura.tables import write_table
from runs import keep_model, read_rows

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings, wildcards = job.settings, snakemake.wildcards
seed = int(wildcards.seed)
mix, rows, test = read_rows(snakemake.input, settings, seed)
model = CausalModel(snakemake.input.model, settings["task"], settings, seed)
steps = model.train(
    rows,
    lambda step, total, loss: job.say(f"step {step} of {total}, loss {loss:.4f}"),
    job.resume,
    snakemake.resources.checkpoint_minutes,
)
keep_model(snakemake.params.kept, model.model, model.tokenizer)
run = {"arm": wildcards.arm, "model": wildcards.model, "seed": seed}
predictions = model.predict(test).select(
    *(pl.lit(value).alias(key) for key, value in run.items()), pl.all()
)
write_table(mix, snakemake.output.mix, empty=True)
write_table(steps, snakemake.output.steps, empty=True)
write_table(predictions, snakemake.output.predictions, **settings)
job.done(
    rows=mix.height,
    steps=steps.height,
    tokens_per_second=steps["tokens_per_second"].median(),
    micro_batch=steps["micro_batch"].min(),
)
