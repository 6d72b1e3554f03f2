"""Fine-tune one encoder on one mix, and predict the test split."""

from typing import TYPE_CHECKING

from header import Job
from mixtura.finetune import predict, train_classifier
from mixtura.predictions import run_predictions
from mixtura.tables import write_table
from runs import keep_model, read_rows

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings, wildcards = job.settings, snakemake.wildcards
mix, rows, test = read_rows(snakemake.input, settings, int(wildcards.seed))
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
keep_model(snakemake.params.kept, model, tokenizer)
found = predict(model, tokenizer, test["text"].to_list(), settings)
predictions = run_predictions(
    test, found, settings["labels"], wildcards.arm, wildcards.model, wildcards.seed
)
write_table(mix, snakemake.output.mix, empty=True)
write_table(steps, snakemake.output.steps, empty=True)
write_table(predictions, snakemake.output.predictions, **settings)
job.done(rows=mix.height, steps=steps.height, tokens_per_second=steps["tokens_per_second"].median())
