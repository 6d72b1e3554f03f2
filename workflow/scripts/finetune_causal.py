"""Fine-tune one causal language model on one mix, and predict the test split."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from header import Job
from mixtura.causal import CausalModel
from mixtura.search import best_fit
from mixtura.tables import write_table
from runs import keep_model, read_rows, rows_key

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings, wildcards = job.settings, snakemake.wildcards
seed = int(wildcards.seed)
rows = read_rows(snakemake.input, settings, seed)


def fit(told: dict[str, Any], folder: Path | None) -> tuple[CausalModel, pl.DataFrame]:
    """Model and steps of one training."""
    model = CausalModel(snakemake.input.model, told["task"], told, seed)
    steps = model.train(
        rows.train,
        lambda step, total, loss: job.say(f"step {step} of {total}, loss {loss:.4f}"),
        folder,
        snakemake.resources.checkpoint_minutes,
    )
    return model, steps


(model, steps), tried = best_fit(
    settings, fit, lambda fitted: fitted[0].loss(rows.development), job.resume, rows_key(rows)
)
keep_model(snakemake.params.kept, model.model, model.tokenizer)
predictions = model.predict(rows.test).select(
    pl.lit(wildcards.arm).alias("arm"),
    pl.lit(wildcards.model).alias("model"),
    pl.lit(seed, pl.Int64).alias("seed"),
    pl.all(),
)
write_table(rows.mix, snakemake.output.mix, empty=True)
write_table(steps, snakemake.output.steps, empty=True)
write_table(predictions, snakemake.output.predictions, **settings, tried=tried)
job.done(
    rows=rows.mix.height,
    steps=steps.height,
    tried=tried,
    tokens_per_second=steps["tokens_per_second"].median(),
    micro_batch=steps["micro_batch"].min(),
)
