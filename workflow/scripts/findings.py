"""Compare every arm with real data alone, and say what the comparisons show."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from mixtura.core.files import whole
from mixtura.core.sets import set_of
from mixtura.core.tables import read_about, read_table, write_table
from mixtura.generate.tables import Generation
from mixtura.infer import tables
from mixtura.infer.findings import findings
from mixtura.infer.hypotheses import hypotheses
from mixtura.infer.label_gains import label_gains
from mixtura.infer.replicates import mean_of_draws, sum_of_replicates
from mixtura.infer.settings import FindingsSettings
from mixtura.infer.surface.table import surface_table
from mixtura.infer.surface.tables import Surface
from mixtura.job import Job
from mixtura.measure.tables import Diversity, Shift
from mixtura.prepare.model_size import parameters
from mixtura.tell.caveats import PARTS, caveats
from mixtura.tell.findings import findings_text
from mixtura.train.tables import LmEvalItems, LmEvalResults, Perplexity

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, FindingsSettings)
settings, inputs, output = job.settings, snakemake.input, snakemake.output
arms = read_table(inputs.arms, tables.Arms)
predictions = read_table(inputs.predictions, tables.ItemPredictions)
table = findings(
    *(predictions, arms, settings.metrics, settings.seed), smallest_gain=settings.smallest_gain
)
panels = read_table(inputs.diversity, Diversity), read_table(inputs.shift, Shift)
counts = map(parameters, map(Path, inputs.models))
sizes = dict(zip(settings.models, counts, strict=True))
tests = hypotheses(
    predictions, arms, *panels, table, settings.metrics, sizes, settings.lengths, seed=settings.seed
)
surface = surface_table(
    *(predictions, arms, panels[0], settings.metrics[0], settings.smallest_gain, settings.seed)
)
labels = label_gains(predictions, arms, settings.labels, settings.seed)
panels = mean_of_draws(panels[0]), mean_of_draws(panels[1])
collapse = lm_eval = tasks = None
if settings.rounds:  # by name: a change of its code reruns nothing in a study without one
    loop, words = (import_module(f"mixtura.{room}.loop") for room in ("infer", "tell"))
    texts = ((set_of(file)[:3], read_table(file, Perplexity)) for file in inputs.perplexity)
    perplexity = sum_of_replicates(texts)
    rounds = loop.collapse_table(settings.rounds, table, *panels, perplexity)
    write_table(rounds, output.collapse, tables.Collapse)
    collapse = words.collapse_text(rounds)
if files := inputs.get("lm_eval"):
    lm_eval = pl.concat(read_table(file, LmEvalResults) for file in files)
    write_table(lm_eval, output.lm_eval, tables.LmEval)
    items = pl.concat(read_table(file, LmEvalItems) for file in inputs.lm_eval_items)
    tasks = import_module("mixtura.infer.lm_eval").task_findings(
        items, arms, settings.seed, smallest_gain=settings.smallest_gain
    )
    write_table(tasks, output.lm_eval_findings, tables.LmEvalFindings, empty=True)
generation = mean_of_draws(read_table(inputs.generation, Generation))
about = {name: read_about(inputs[name]) for name in ("predictions", "diversity", "generation")}
notes = caveats(
    {Path(file).stem: read_about(file) for file in (inputs.data, *inputs.shifted)},
    about["predictions"]["cut"],
    {PARTS[name]: each["parts"] for name, each in about.items()},
)
text = findings_text(
    *(table, *panels, tests, surface, generation),
    *(collapse, lm_eval, settings.lengths, settings.shared),
    tasks=tasks,
    notes=notes,
    labels=labels,
)
write_table(table, output.table, tables.Findings, notes=notes)
write_table(surface, output.surface, Surface, empty=True)
write_table(labels, output.labels, tables.LabelGains, empty=True)
write_table(tests, output.hypotheses, tables.Hypotheses, parameters=sizes)
with whole(output.text) as file:
    file.write_text(text, encoding="utf-8")
job.done(rows=table.height, tests=tests.height)
