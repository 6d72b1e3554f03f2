"""Evaluate one tuned language model on tasks of lm-eval."""

from pathlib import Path
from typing import TYPE_CHECKING

from mixtura.core.tables import write_table
from mixtura.job import Job
from mixtura.train.lm_eval import model_arguments, result_rows, stored_results
from mixtura.train.predictions import of_run
from mixtura.train.settings import EvaluateLmSettings
from mixtura.train.tables import LmEvalItems, LmEvalResults

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, EvaluateLmSettings)
wildcards, settings = snakemake.wildcards, job.settings
arguments = model_arguments(snakemake.params.tuned_model, snakemake.input.model)
store = Path(snakemake.params.store)
# The environment of the user: that of the job is offline, and most tasks fetch data from the Hub.
results, items = stored_results(arguments, settings, store, job.environment)
run = wildcards.arm, wildcards.model, int(wildcards.replicate), int(wildcards.seed)
table, about = of_run(result_rows(results), *run), settings.model_dump(mode="json")
write_table(table, snakemake.output.results, LmEvalResults, **about)
write_table(of_run(items, *run), snakemake.output.scores, LmEvalItems, empty=True, **about)
job.done(rows=table.height)
