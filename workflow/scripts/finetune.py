"""Fine-tune one downstream model on one mix, and predict the test split."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.finetune import predict, train_classifier
from mixtura.tables import write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings, labels = job.settings, job.settings["labels"]
data = pl.read_parquet(snakemake.input.data)
test_ids = pl.read_parquet(snakemake.input.splits).filter(split="test").select("id")
texts = pl.concat(
    [data, *(pl.read_parquet(file).select(data.columns) for file in snakemake.input.generated)]
)
mix = pl.read_parquet(snakemake.input.mix).join(texts, on="id", maintain_order="left")
model, tokenizer, steps = train_classifier(
    snakemake.input.model,
    mix["text"].to_list(),
    mix["label"].to_list(),
    settings,
    int(snakemake.wildcards.seed),
    lambda step, total, loss: job.say(f"step {step} of {total}, loss {loss:.4f}"),
)
test = test_ids.join(data, on="id", maintain_order="left")
found = predict(model, tokenizer, test["text"].to_list(), settings)
predictions = test.select("id", pl.col("label").alias("gold")).with_columns(
    predicted=pl.Series([labels[best] for best in found.argmax(axis=1)]),
    **{f"p_{label}": found[:, place] for place, label in enumerate(labels)},
)
write_table(steps, snakemake.output.steps)
write_table(predictions, snakemake.output.predictions, **settings)
job.done(rows=mix.height, steps=steps.height)
