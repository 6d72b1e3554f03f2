"""Fit a linear probe on the mix of every arm, and predict the test split."""

from pathlib import Path
from typing import TYPE_CHECKING

from mixtura.core.sets import set_of
from mixtura.core.tables import read_table, read_tables, write_table
from mixtura.job import Job
from mixtura.measure.tables import Embeddings
from mixtura.prepare.tables import Splits
from mixtura.train.probe import probe_arms
from mixtura.train.settings import ProbeSettings
from mixtura.train.tables import Predictions, ProbeMixes

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, ProbeSettings)
settings, inputs, output = job.settings, snakemake.input, snakemake.output
runs = probe_arms(
    read_tables(inputs.real, Embeddings),
    {set_of(file).name: read_table(file, Embeddings) for file in inputs.generated},
    read_table(inputs.splits, Splits),
    {Path(file).stem: read_table(file, Embeddings) for file in inputs.shifted},
    settings,
    snakemake.wildcards.model,
    int(snakemake.wildcards.replicate),
    int(snakemake.wildcards.seed),
    lambda arm, arms: job.say(f"arm {arm} of {arms}"),
)
write_table(runs.mixes, output.mixes, ProbeMixes)
metadata = {**settings.model_dump(mode="json"), "tried": runs.trials}
write_table(runs.predictions, output.predictions, Predictions, **metadata)
job.done(runs=len(settings.arms))
