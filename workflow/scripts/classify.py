"""Ask a generator for the labels of test rows, or of unlabelled text, after some real rows."""

from typing import TYPE_CHECKING

from mixtura.core.tables import read_table, write_table
from mixtura.curate.classify import answers_in_parts, texts_to_classify
from mixtura.curate.judge import shown_rows
from mixtura.curate.settings import ClassifySettings
from mixtura.curate.tables import Answers
from mixtura.generate.backends import open_backend
from mixtura.generate.settings import Running
from mixtura.job import Job
from mixtura.prepare.tables import Examples, Rows, Shifted, Splits

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job, paths = Job(snakemake, ClassifySettings), snakemake.input
settings = job.settings
texts = texts_to_classify(
    read_table(paths.data, Rows),
    read_table(paths.splits, Splits),
    {file: read_table(file, Shifted) for file in paths.shifted},
    snakemake.wildcards.rows,
    settings.seed,
)
shown = shown_rows(read_table(paths.examples, Examples), settings.shots)
running = Running.from_json(snakemake.params.running)
model = next(iter(paths.model), None)
backend = open_backend(settings.generator, model, running, resume=job.resume)
answers = answers_in_parts(texts, shown, settings, backend, job.resume, job.say)
about = {**settings.model_dump(mode="json"), "versions": backend.about}
write_table(answers, snakemake.output.answers, Answers, **about)
gpus = snakemake.resources.get("gpu", 0)
job.done(threads=snakemake.threads, gpus=gpus, rows=answers.height)
