"""Split the real rows."""

from typing import TYPE_CHECKING

from mixtura.core.tables import read_table, write_table
from mixtura.job import Job
from mixtura.prepare.settings import SplitSettings
from mixtura.prepare.splits import split_rows, without_split
from mixtura.prepare.tables import Rows, Splits

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, SplitSettings)
rows = read_table(snakemake.input[0], Rows)
splits = split_rows(rows, **job.settings.model_dump())
left_out = without_split(rows, splits)
for reason, count in left_out.items():
    job.say(f"{count} rows are in no split: {reason}")
write_table(splits, snakemake.output[0], Splits, left_out=left_out)
job.done(rows=splits.height, left_out=left_out)
