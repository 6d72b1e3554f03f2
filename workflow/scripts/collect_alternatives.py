"""Sum up what the labels of a generator took: one row for each arm and replicate."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from mixtura.core.tables import read_table, write_table
from mixtura.curate.tables import Answers
from mixtura.infer.alternatives import alternatives_table, answers_of
from mixtura.infer.settings import AlternativesSettings
from mixtura.infer.tables import Alternatives
from mixtura.job import Job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job, paths = Job(snakemake, AlternativesSettings), snakemake.input
answers = [(answers_of(file), read_table(file, Answers)) for file in paths.answers]
stats = [json.loads(Path(file).read_text()) for file in paths.stats]
table = alternatives_table(answers, stats, job.settings)
write_table(table, snakemake.output[0], Alternatives, empty=True)
job.done(rows=table.height)
