"""Measure the diversity of one generated set."""

from importlib import import_module
from typing import TYPE_CHECKING

from mixtura.core.draw import prefix_in_proportion
from mixtura.core.sets import set_of
from mixtura.core.tables import read_table, write_table
from mixtura.job import Job
from mixtura.measure.diversity_panel import diversity_panel
from mixtura.measure.scores import load_measures, measured_rows, of_set, parts_of
from mixtura.measure.settings import DiversitySettings
from mixtura.measure.tables import Diversity, Embeddings

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job, gpu = Job(snakemake, DiversitySettings), bool(snakemake.resources.get("gpu", 0))
settings, inputs, params = job.settings, snakemake.input, snakemake.params
rows = read_table(inputs.generated, Embeddings)
generated = measured_rows(rows, settings.n, settings.seed)
texts, embeddings, labels = parts_of(generated, gpu)
real = prefix_in_proportion(read_table(inputs.reference, Embeddings), settings.n)
judge = None
if settings.judge:
    # Imported by name, so that a change of the judge reruns nothing in a study without one.
    open_judge = import_module("mixtura.measure.grouping_judge").open_judge
    judge = open_judge(
        settings.judge, settings.seed, next(iter(inputs.judge), None), params.running
    )
panel = diversity_panel(
    *(texts, embeddings, parts_of(real, gpu).embeddings, labels, generated["topic"].to_list()),
    repeats=settings.repeats,
    seed=settings.seed,
    measures=settings.measures,
    options=settings.options,
    token_budget=settings.token_budget,
    judge=judge,
    own=load_measures(params.own),
    progress=job.say,
)
names = set_of(snakemake.output[0]).columns(settings.shown)
scores = of_set(panel, {**names, "embedder": settings.embedder})
write_table(scores, snakemake.output[0], Diversity, **settings.model_dump(mode="json"))
job.done(rows=scores.height)
