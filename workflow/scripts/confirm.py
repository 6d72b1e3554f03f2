"""Compare the recommended mixes with real data alone on replicates without a part in the choice."""

from typing import TYPE_CHECKING

import polars as pl

from mixtura.core.files import write_text
from mixtura.core.tables import read_table, read_tables, write_table
from mixtura.infer.findings import findings
from mixtura.infer.scoring import arms_table, prediction_files, read_columns, scored_rows
from mixtura.infer.settings import ConfirmSettings
from mixtura.infer.surface.tables import Surface
from mixtura.infer.tables import Confirmation
from mixtura.job import Job
from mixtura.prepare.tables import Rows
from mixtura.tell.confirm import confirmation_text
from mixtura.train.tables import Predictions

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, ConfirmSettings)
settings, inputs, output = job.settings, snakemake.input, snakemake.output
columns = read_columns(settings.metrics, settings.labels)
arms = arms_table(settings.arms)
runs = read_tables(prediction_files(inputs.predictions), Predictions, columns)
rows = runs.filter(pl.col("arm").is_in(arms["arm"].implode()))
grouped = read_tables(inputs.grouped, Rows, ["id", settings.group]) if settings.group else None
predictions = scored_rows(rows, settings, grouped)
table = findings(
    *(predictions, arms, settings.metrics, settings.seed), smallest_gain=settings.smallest_gain
)
replicates = predictions["replicate"].unique().sort().to_list()
text = confirmation_text(
    table, read_table(inputs.surface, Surface), replicates, shared=settings.shared
)
write_table(table, output.table, Confirmation)
write_text(output.text, text)
job.done(rows=table.height, replicates=len(replicates))
