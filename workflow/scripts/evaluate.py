"""Score every run on the test split, and write the index of the arms."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.scoring import ARMS, item_scores, read_columns, run_scores, tried_settings
from mixtura.tables import write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
metrics = job.settings["metrics"]
columns = read_columns(metrics, job.settings["labels"])
runs = pl.concat([pl.read_parquet(file, columns=columns) for file in snakemake.input])
predictions = item_scores(runs, metrics)
arms = pl.DataFrame(job.settings["arms"], ARMS)
if table := snakemake.output.get("search"):
    write_table(tried_settings(snakemake.input), table)
write_table(predictions, snakemake.output.predictions)
write_table(arms, snakemake.output.arms)
write_table(run_scores(predictions, arms, metrics), snakemake.output.scores)
job.done(runs=predictions.select("arm", "model", "seed").n_unique())
