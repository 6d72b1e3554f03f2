"""Set aside the real rows that generators see: the first ones in the order of a replicate."""

from typing import TYPE_CHECKING

from mixtura.core.tables import read_table, write_table
from mixtura.job import Job
from mixtura.prepare.settings import ExamplesSettings
from mixtura.prepare.splits import first_real_rows, real_order
from mixtura.prepare.tables import Examples, Splits, read_texts

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job, paths = Job(snakemake, ExamplesSettings), snakemake.input
settings, rows = job.settings, read_texts(paths.data)
order = real_order(read_table(paths.splits, Splits), settings.seed, settings.replicate)
try:
    ids = first_real_rows(order, settings.rows, settings.balance).select("id")
except ValueError as error:
    splits = "task.test, task.reference or task.development"
    raise ValueError(f"designs.real: {error} in the pool; lower it, or {splits}") from None
examples = ids.join(rows, on="id", maintain_order="left").select(rows.columns)
write_table(examples, snakemake.output[0], Examples)
job.done(rows=examples.height)
