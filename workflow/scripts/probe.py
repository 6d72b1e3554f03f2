"""Fit a linear probe on the mix of every arm, and predict the test split."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from header import Job
from mixtura.mix import cut, generated_order, real_order
from mixtura.predictions import run_predictions
from mixtura.probe import fit_probe
from mixtura.tables import write_table
from runs import read_tests

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings, model, seed = job.settings, snakemake.wildcards.model, int(snakemake.wildcards.seed)
splits = pl.read_parquet(snakemake.input.splits)
tables = [pl.read_parquet(file) for file in (snakemake.input.real, *snakemake.input.generated)]
labels = np.concatenate([table["label"].to_numpy() for table in tables])
vectors = np.concatenate([table["embedding"].to_numpy() for table in tables])
place = {row: at for at, row in enumerate(row for table in tables for row in table["id"])}
real = real_order(splits, settings["draw"], settings["study_seed"], seed)
sets = {
    "/".join(Path(file).with_suffix("").parts[-3:]): generated_order(
        table, settings["study_seed"], seed
    )
    for file, table in zip(snakemake.input.generated, tables[1:], strict=True)
}
test = read_tests(splits, tables[0], snakemake.input.shifted)
unseen = test["embedding"].to_numpy()
predictions, mixes = [], []
for name, arm in settings["arms"].items():
    generated = sets.get(f"{arm['generator']}/{arm['pipeline']}/{arm['level']}")
    if several := arm.get("sets"):  # the rounds of a loop
        every = pl.concat([sets[one] for one in several])
        generated = generated_order(every, settings["study_seed"], seed)
    mix = cut(real, generated, arm)
    rows = [place[row] for row in mix["id"]]
    if rows:
        found = fit_probe(vectors[rows], labels[rows], unseen, settings["labels"], settings["c"])
    else:  # the arm "zero-shot": weights of 0, all classes alike
        found = np.full((len(unseen), len(settings["labels"])), 1 / len(settings["labels"]))
    predictions.append(run_predictions(test, found, settings["labels"], name, model, seed))
    mixes.append(mix.select(pl.lit(name).alias("arm"), pl.all()))
    job.say(f"arm {len(mixes)} of {len(settings['arms'])}")
write_table(pl.concat(mixes), snakemake.output.mixes)
write_table(pl.concat(predictions), snakemake.output.predictions, **settings)
job.done(runs=len(mixes))
