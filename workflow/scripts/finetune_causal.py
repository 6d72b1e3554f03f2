"""Fine-tune one causal language model on one mix, and predict the test split."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.causal import CausalModel
from mixtura.mix import mix_rows
from mixtura.tables import whole, write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings, wildcards = job.settings, snakemake.wildcards
seed = int(wildcards.seed)
data = pl.read_parquet(snakemake.input.data)
splits = pl.read_parquet(snakemake.input.splits)
sets = [pl.read_parquet(file) for file in snakemake.input.generated]
mix = mix_rows(splits, sets[0] if sets else None, settings["mix"], seed)
texts = pl.concat([data, *(made.select(data.columns) for made in sets)])
rows = mix.join(texts, on="id", maintain_order="left")
if mix.is_empty():  # the arm "zero-shot"
    settings |= {"steps": 0, "epochs": None}
model = CausalModel(snakemake.input.model, settings["task"], settings, seed)
steps = model.train(
    rows,
    lambda step, total, loss: job.say(f"step {step} of {total}, loss {loss:.4f}"),
    job.resume,
    snakemake.resources.checkpoint_minutes,
)
if snakemake.params.kept:
    shutil.rmtree(snakemake.params.kept, ignore_errors=True)
    with whole(snakemake.params.kept) as folder:
        model.model.save_pretrained(folder)
        model.tokenizer.save_pretrained(folder)
own = splits.filter(split="test").select("id").join(data, on="id", maintain_order="left")
others = {Path(file).stem: pl.read_parquet(file) for file in snakemake.input.shifted}
tests = [rows.with_columns(test=pl.lit(name)) for name, rows in {"test": own, **others}.items()]
run = {"arm": wildcards.arm, "model": wildcards.model, "seed": seed}
predictions = model.predict(pl.concat(tests)).select(
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
