"""Train one downstream model, of whatever kind, on one mix, and predict the test split."""

from typing import TYPE_CHECKING

from mixtura.job import Job
from mixtura.train.kinds import load_kind
from mixtura.train.runs import Run, Workplace, draw_rows, write_run
from mixtura.train.settings import FinetuneSettings

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, FinetuneSettings)
settings, wildcards, inputs = job.settings, snakemake.wildcards, snakemake.input
run = Run(wildcards.arm, wildcards.model, int(wildcards.replicate), int(wildcards.seed))
files = (inputs.data, inputs.splits, inputs.generated, inputs.shifted)
rows = draw_rows(*files, settings.mix, run)
place = Workplace(
    model=inputs.model or None,
    file=snakemake.params.get("file"),
    tuned_model=snakemake.params.get("tuned_model"),
    resume=job.resume,
    minutes=snakemake.resources.checkpoint_minutes,
    say=job.say,
    report_to=tuple(snakemake.params.report_to),
    events=snakemake.params.events,
)
seed = run.training_seed(settings.mix.study_seed)
model, trials = load_kind(settings.training.kind).fit(settings, rows, seed, place)
job.done(**write_run(run, model, rows, snakemake.output, settings, trials))
