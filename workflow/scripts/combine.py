"""Combine the curated sets of several generators in equal shares."""

from typing import TYPE_CHECKING

from mixtura.core.sets import set_of
from mixtura.core.tables import origins, read_table, write_table
from mixtura.curate.combine import combine_sets
from mixtura.curate.counts import stage_counts
from mixtura.curate.settings import CombineSettings
from mixtura.curate.tables import Counts, Curated, Removed
from mixtura.job import Job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, CombineSettings)
settings = job.settings
sets = [(set_of(file).generator, read_table(file, Curated)) for file in snakemake.input.sets]
rows, removed = combine_sets(sets, settings.n, settings.labels)
write_table(removed, snakemake.output.removed, Removed, empty=True)
counts = stage_counts({"combine": sum(part.height for _, part in sets)}, removed)
write_table(counts, snakemake.output.counts, Counts)
about = {**settings.model_dump(mode="json"), "origins": origins(snakemake.input.sets)}
write_table(rows, snakemake.output.rows, Curated, **about)
job.done(rows=rows.height, removed=removed.height)
