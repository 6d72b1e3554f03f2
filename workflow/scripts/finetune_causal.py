"""Fine-tune one causal language model on one mix, and predict the test split."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from header import Job
from mixtura.causal import CausalModel
from mixtura.predictions import of_run
from mixtura.search import best_fit
from runs import keep_model, read_rows, rows_key, write_run

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
predictions = of_run(model.predict(rows.test), wildcards.arm, wildcards.model, seed)
write_run(
    job, snakemake.output, rows, steps, predictions, tried, micro_batch=steps["micro_batch"].min()
)
