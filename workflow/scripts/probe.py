"""Fit a linear probe on the mix of every arm, and predict the test split."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from header import Job
from mixtura.mix import cut, generated_order, real_order
from mixtura.predictions import run_predictions
from mixtura.probe import fit_probe
from mixtura.search import best_fit, log_loss
from mixtura.tables import set_of, write_table
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
names = ["/".join(set_of(file)) for file in snakemake.input.generated]
orders = [generated_order(table, settings["study_seed"], seed) for table in tables[1:]]
sets = dict(zip(names, orders, strict=True))
test = read_tests(splits, tables[0], snakemake.input.shifted)
held = tables[0].join(splits.filter(split="development"), on="id", how="semi")
unseen = np.concatenate([test["embedding"].to_numpy(), held["embedding"].to_numpy()])
classes, gold = settings["labels"], held["label"].to_list()


def _fit(told: dict[str, Any], folder: Path | None) -> Any:
    return fit_probe(vectors[rows], labels[rows], unseen, classes, told["c"])


def _loss(found: Any) -> float:
    return log_loss(found[test.height :], gold, classes)


predictions, mixes, searched = [], [], []
for name, arm in settings["arms"].items():
    generated = sets.get(f"{arm['generator']}/{arm['pipeline']}/{arm['level']}")
    if several := arm.get("sets"):  # the rounds of a loop
        every = pl.concat([sets[one] for one in several])
        generated = generated_order(every, settings["study_seed"], seed)
    mix = cut(real, generated, arm)
    rows = [place[row] for row in mix["id"]]
    if rows:
        found, tried = best_fit(settings, _fit, _loss)
        searched += [{"arm": name, **one} for one in tried]
        found = found[: test.height]
    else:  # the arm "zero-shot": weights of 0, all classes alike
        found = np.full((test.height, len(classes)), 1 / len(classes))
    predictions.append(run_predictions(test, found, classes, name, model, seed))
    mixes.append(mix.select(pl.lit(name).alias("arm"), pl.all()))
    job.say(f"arm {len(mixes)} of {len(settings['arms'])}")
write_table(pl.concat(mixes), snakemake.output.mixes)
write_table(pl.concat(predictions), snakemake.output.predictions, **settings, tried=searched)
job.done(runs=len(mixes))
