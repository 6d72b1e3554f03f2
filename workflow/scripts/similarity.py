"""Compare the sets of several generators by their embeddings."""

from pathlib import Path
from typing import TYPE_CHECKING

from mixtura.core.sets import set_of
from mixtura.core.tables import read_table, write_table
from mixtura.job import Job
from mixtura.measure.settings import CollectScoresSettings
from mixtura.measure.similarity import similarity_table
from mixtura.measure.tables import Embeddings, Similarity

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, CollectScoresSettings)
sets = (
    (set_of(file), Path(file).parts[-5], read_table(file, Embeddings)["embedding"].to_numpy())
    for file in snakemake.input
)
table = similarity_table(sets, job.settings.largest)
write_table(table, snakemake.output[0], Similarity)
job.done(rows=table.height)
