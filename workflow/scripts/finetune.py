"""Train a downstream model of any kind on one mix, once for each seed, and predict the tests."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from mixtura.job import Job
from mixtura.train.run_store import stored_run
from mixtura.train.runs import Run, Workplace, draw_rows
from mixtura.train.settings import FinetuneSettings

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, FinetuneSettings)
settings, wildcards = job.settings, snakemake.wildcards
inputs, params = snakemake.input, snakemake.params
files = (inputs.data, inputs.splits, inputs.generated, inputs.shifted)
trained = {}
for seed in params.seeds:
    run = Run(wildcards.arm, wildcards.model, int(wildcards.replicate), seed)
    rows, name = draw_rows(*files, settings.mix, run), f"seed-{seed}"
    place = Workplace(
        model=inputs.model or None,
        file=params.get("file"),
        tuned_model=f"{params.tuned_models}/{name}" if params.tuned_models else None,
        resume=job.resume / name,
        minutes=snakemake.resources.checkpoint_minutes,
        say=job.say,
        processes=snakemake.resources.gpu or snakemake.threads,
        report_to=tuple(params.report_to),
        events=f"{params.events}/{name}",
    )
    store = Path(params.store)
    outputs, statistics = stored_run(run, rows, settings, params.code, place, store)
    shutil.copytree(outputs, Path(snakemake.output[0], name))
    if statistics:
        trained[seed] = statistics
job.done(model=wildcards.model, runs=len(params.seeds), trained=trained)
