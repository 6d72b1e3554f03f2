"""Ask a language model how good the answers of the runs of a job are."""

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from mixtura.core.tables import read_table, write_table
from mixtura.curate.settings import JudgeSettings
from mixtura.generate.backends import open_backend
from mixtura.generate.settings import Running
from mixtura.infer.judging import of_answers, predicted_rows, stored_answers
from mixtura.infer.scoring import prediction_files, read_columns
from mixtura.infer.tables import JudgedAnswers
from mixtura.job import Job
from mixtura.prepare.tables import Rows, Shifted
from mixtura.train.predictions import items_to_predict
from mixtura.train.tables import Predictions

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, JudgeSettings)
paths, params, settings = snakemake.input, snakemake.params, job.settings
ASKED = ["id", "prompt"]
shifted = {Path(file).stem: read_table(file, Shifted, ASKED) for file in paths.shifted}
items = items_to_predict(read_table(paths.data, Rows, ASKED), shifted)
running = Running.from_json(params.running)
model = next(iter(paths.model), None)
backend = open_backend(settings.generator, model, running, resume=job.resume)
depends, store = [params.content, params.code], Path(params.store)
parts = []
for file in prediction_files([paths.runs]):
    run = read_table(file, Predictions, read_columns([], []))
    rows = predicted_rows(run, items)
    answers = stored_answers(rows, settings, backend, depends, store, job.resume, job.say)
    parts.append(of_answers(run, answers))
table = pl.concat(parts)
about = {**settings.model_dump(mode="json"), "versions": backend.about}
write_table(table, snakemake.output[0], JudgedAnswers, **about)
job.done(rows=table.height, unanswered=table.filter(judged="").height)
