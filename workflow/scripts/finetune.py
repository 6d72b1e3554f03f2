"""Fine-tune one encoder on one mix, and predict the test split."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.finetune import predict, train_classifier
from mixtura.mix import mix_rows
from mixtura.scoring import items_to_predict, run_predictions
from mixtura.tables import whole, write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings, wildcards = job.settings, snakemake.wildcards
data = pl.read_parquet(snakemake.input.data)
splits = pl.read_parquet(snakemake.input.splits)
sets = [pl.read_parquet(file) for file in snakemake.input.generated]
mix = mix_rows(splits, sets[0] if sets else None, settings["mix"], int(wildcards.seed))
texts = pl.concat([data, *(made.select(data.columns) for made in sets)])
rows = mix.join(texts, on="id", maintain_order="left")
if mix.is_empty():  # the arm "zero-shot"
    settings |= {"steps": 0, "epochs": None}
model, tokenizer, steps = train_classifier(
    snakemake.input.model,
    rows["text"].to_list(),
    rows["label"].to_list(),
    settings,
    int(wildcards.seed),
    lambda step, total, loss: job.say(f"step {step} of {total}, loss {loss:.4f}"),
    job.resume,
    snakemake.resources.checkpoint_minutes,
)
if snakemake.params.kept:
    shutil.rmtree(snakemake.params.kept, ignore_errors=True)
    with whole(snakemake.params.kept) as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
own = splits.filter(split="test").select("id").join(data, on="id", maintain_order="left")
others = {Path(file).stem: pl.read_parquet(file) for file in snakemake.input.shifted}
test = items_to_predict(own, others, "text")
found = predict(model, tokenizer, test["text"].to_list(), settings)
predictions = run_predictions(
    test, found, settings["labels"], wildcards.arm, wildcards.model, wildcards.seed
)
write_table(mix, snakemake.output.mix, empty=True)
write_table(steps, snakemake.output.steps, empty=True)
write_table(predictions, snakemake.output.predictions, **settings)
job.done(rows=mix.height, steps=steps.height, tokens_per_second=steps["tokens_per_second"].median())
