"""Take unlabelled text with the labels of a generator as a set, in place of generated rows."""

from typing import TYPE_CHECKING

from mixtura.core.tables import read_table, write_table
from mixtura.curate.alternatives import as_set, labelled_rows
from mixtura.curate.settings import LabelledSettings
from mixtura.curate.tables import Answers, Curated
from mixtura.job import Job
from mixtura.prepare.tables import Rows

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job, paths = Job(snakemake, LabelledSettings), snakemake.input
answers = read_table(paths.answers, Answers)
texts = read_table(paths.data, Rows, ["id", "text"])
rows = labelled_rows(answers, texts, job.settings.n)
names = f"labelled/{snakemake.wildcards.generator}/{snakemake.wildcards.draw}"
write_table(as_set(rows, names), snakemake.output[0], Curated, **job.settings.model_dump())
job.done(rows=rows.height, unanswered=answers.filter(judged="").height)
