"""Fit one downstream model of the user's own on one mix, and predict the test split."""

from typing import TYPE_CHECKING

import numpy as np

from header import Job
from mixtura.own import load_own
from mixtura.predictions import checked_shares, run_predictions
from mixtura.tables import write_table
from runs import read_rows

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings, wildcards, file = job.settings, snakemake.wildcards, snakemake.params.file
own = load_own(file, "fit_predict", "a downstream model")
seed, labels = int(wildcards.seed), settings["labels"]
rows = read_rows(snakemake.input, settings, seed)
if rows.mix.is_empty():  # the arm "zero-shot": all classes alike, as of a probe
    found = np.full((rows.test.height, len(labels)), 1 / len(labels))
else:
    folders = {"model": snakemake.input.model} if snakemake.input.model else {}
    told = (rows.train["text"].to_list(), rows.train["label"].to_list())
    unseen = rows.test["text"].to_list()
    found = own.fit_predict(*told, unseen, labels, seed, **folders, **settings["options"])
    found = checked_shares(found, len(unseen), labels, file)
predictions = run_predictions(rows.test, found, labels, wildcards.arm, wildcards.model, seed)
write_table(rows.mix, snakemake.output.mix, empty=True)
write_table(predictions, snakemake.output.predictions, **settings)
job.done(rows=rows.mix.height)
