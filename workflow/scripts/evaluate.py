"""Score every run on the test split, and write the index of the arms."""

from typing import TYPE_CHECKING

from mixtura.core.packages import versions_of_parts
from mixtura.core.tables import read_about, read_table, read_tables, write_table
from mixtura.curate.tables import Answers
from mixtura.infer.alternatives import answers_of
from mixtura.infer.evaluation import about_judge, evaluation
from mixtura.infer.scoring import prediction_files, read_columns
from mixtura.infer.searches import search_table
from mixtura.infer.settings import EvaluateSettings
from mixtura.infer.tables import Arms, ItemPredictions, JudgedAnswers, Scores, Searches
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
answers = [(answers_of(file), read_table(file, Answers)) for file in inputs.answers]
grouped = read_tables(inputs.grouped, Rows, ["id", settings.group]) if settings.group else None
judged = read_tables(inputs.judged, JudgedAnswers) if inputs.get("judged") else None
result = evaluation(runs, settings, answers, grouped, judged)
if path := output.get("search"):
    write_table(search_table(runs), path, Searches)
metadata = {"cut": largest_cuts(runs), "parts": versions_of_parts(about for _, about in runs)}
judge = None if judged is None else about_judge(read_about(inputs.judge), judged)
write_table(result.predictions, output.predictions, ItemPredictions, **metadata, judge=judge)
write_table(result.arms, output.arms, Arms)
write_table(result.scores, output.scores, Scores)
job.done(runs=result.predictions.select("arm", "model", "replicate", "seed").n_unique())
