"""Evaluate one tuned language model on tasks of lm-eval."""

from pathlib import Path
from typing import TYPE_CHECKING

from header import Job
from mixtura.evaluate_lm import checkpoint, result_rows, results_of
from mixtura.predictions import of_run
from mixtura.tables import write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
wildcards = snakemake.wildcards
model = checkpoint(snakemake.params.kept, snakemake.input.model)
store = Path(snakemake.params.store)
# As the user has it: the data of most tasks come from the Hub, where other jobs do not look.
results = results_of(model, job.settings, store, job.environment)
rows = result_rows(results)
table = of_run(rows, wildcards.arm, wildcards.model, int(wildcards.seed))
write_table(table, snakemake.output[0], **job.settings)
job.done(rows=rows.height)
