"""Put the parts of the tables of diversity, shift and curation together."""

from typing import TYPE_CHECKING

import polars as pl

from mixtura.core.packages import versions_of_parts
from mixtura.core.sets import set_of
from mixtura.core.tables import read_about, read_table, read_tables, write_table
from mixtura.curate.tables import Counts, Curation
from mixtura.job import Job
from mixtura.measure.scores import of_set
from mixtura.measure.settings import CollectScoresSettings
from mixtura.measure.tables import Diversity, Shift

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, CollectScoresSettings)
for kind, schema in (("diversity", Diversity), ("shift", Shift)):
    files = snakemake.input[kind]
    table = read_tables(files, schema)
    parts = versions_of_parts(map(read_about, files))
    write_table(table, snakemake.output[kind], schema, parts=parts)
funnels = [
    of_set(read_table(part, Counts), set_of(part).columns(job.settings.largest))
    for part in snakemake.input.counts
]
write_table(pl.concat(funnels), snakemake.output.curation, Curation)
job.done()
