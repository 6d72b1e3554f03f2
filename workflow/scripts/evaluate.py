"""Score every run on the test split, and write the index of the arms."""

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.scoring import item_scores, read_columns, run_scores
from mixtura.tables import write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
metrics = job.settings["metrics"]
runs = []
for file in snakemake.input:
    arm, model, seed = Path(file).parts[-4:-1]
    run = pl.read_parquet(file, columns=read_columns(metrics))
    names = {"arm": arm, "model": model, "seed": int(seed.removeprefix("seed-"))}
    runs.append(run.select(*(pl.lit(v).alias(k) for k, v in names.items()), pl.all()))
predictions = item_scores(pl.concat(runs), metrics)
arms = pl.DataFrame(job.settings["arms"], infer_schema_length=None)
write_table(predictions, snakemake.output.predictions)
write_table(arms, snakemake.output.arms)
write_table(run_scores(predictions, arms, metrics), snakemake.output.scores)
job.done(runs=len(runs))
