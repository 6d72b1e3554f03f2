"""Change words of real rows: a set that is mixed in place of generated rows."""

from typing import TYPE_CHECKING

from mixtura.core.tables import read_table, write_table
from mixtura.curate.alternatives import as_set
from mixtura.curate.eda import eda_rows
from mixtura.curate.settings import EdaSettings
from mixtura.curate.tables import Curated
from mixtura.job import Job
from mixtura.prepare.tables import Examples

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, EdaSettings)
real = read_table(snakemake.input.examples, Examples)
rows = as_set(eda_rows(real, job.settings), f"eda/{snakemake.wildcards.draw}")
about = job.settings.model_dump(mode="json")
write_table(rows, snakemake.output[0], Curated, **about)
job.done(rows=rows.height, sources=real.height)
