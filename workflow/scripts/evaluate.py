"""Score every run on the test split, and write the index of the arms."""

from typing import TYPE_CHECKING

import polars as pl

from mixtura.core.packages import versions_of_parts
from mixtura.core.tables import read_about, read_table, read_tables, write_table
from mixtura.curate.tables import Answers
from mixtura.infer.alternatives import answers_of, few_shot_predictions
from mixtura.infer.passes import passes_table, with_passes
from mixtura.infer.scoring import (
    item_scores,
    prediction_files,
    read_columns,
    run_scores,
    with_groups,
)
from mixtura.infer.searches import search_table
from mixtura.infer.settings import EvaluateSettings
from mixtura.infer.tables import Arms, ItemPredictions, Scores, Searches
from mixtura.job import Job
from mixtura.prepare.tables import Rows
from mixtura.train.cuts import largest_cuts
from mixtura.train.tables import Predictions

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, EvaluateSettings)
settings, inputs, output = job.settings, snakemake.input, snakemake.output
columns = read_columns(settings.metrics, settings.labels)
files = prediction_files(inputs.predictions)
runs = [(read_table(file, Predictions, columns), read_about(file)) for file in files]
arms = pl.DataFrame([arm.model_dump() for arm in settings.arms], Arms.types())
answers = [(answers_of(file), read_table(file, Answers)) for file in inputs.answers]
trained = pl.concat([table for table, _ in runs])
rows = pl.concat([trained, few_shot_predictions(answers, trained, arms)])
predictions = item_scores(rows, settings.metrics, settings.language, settings.ranks)
if settings.group:
    groups = read_tables(inputs.grouped, Rows, ["id", settings.group])
    predictions = with_groups(predictions, groups, settings.group)
passes = passes_table(runs)
scores = run_scores(predictions, arms, settings.metrics, passes)
if path := output.get("search"):
    write_table(search_table(runs), path, Searches)
metadata = {"cut": largest_cuts(runs), "parts": versions_of_parts(about for _, about in runs)}
write_table(predictions, output.predictions, ItemPredictions, **metadata)
write_table(with_passes(arms, passes), output.arms, Arms)
write_table(scores, output.scores, Scores)
job.done(runs=predictions.select("arm", "model", "replicate", "seed").n_unique())
