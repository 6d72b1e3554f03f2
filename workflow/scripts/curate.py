"""Curate one generated set: remove, keep a receipt for every removed row, leave exactly n."""

from typing import TYPE_CHECKING

from mixtura.core.files import parquet_files
from mixtura.core.packages import versions_of_parts
from mixtura.core.tables import origins, read_about, read_table, read_tables, write_table
from mixtura.curate.pool import balanced_rows, curate, embeddings_by_role, protected_rows
from mixtura.curate.settings import CurateSettings
from mixtura.curate.tables import Counts, Curated, Judged, Removed
from mixtura.generate.tables import Generated
from mixtura.job import Job
from mixtura.measure.tables import Embeddings
from mixtura.prepare.tables import Examples, Rows, Shifted, Splits

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, CurateSettings)
paths, settings = snakemake.input, job.settings
files = parquet_files([*paths.shards, *paths.more])
pool = read_tables(files, Generated)
real = read_table(paths.examples, Examples)
shifted = [read_table(file, Shifted, ["id", "text"]) for file in paths.shifted]
data, splits = read_table(paths.data, Rows), read_table(paths.splits, Splits)
protected = protected_rows(data, splits, real, shifted)
vectors = {}
if paths.get("pool"):
    columns = ["id", "embedding"]
    of_pool = read_tables(paths.pool, Embeddings, columns)
    others = read_tables(paths.protected, Embeddings, columns).unique("id")
    vectors = embeddings_by_role((pool, of_pool), (real, others), (protected, others))
for file in paths.judged:
    judged = read_table(file, Judged)
    pool = pool.join(judged, on="id", how="left", maintain_order="left")
    real = real.join(judged, on="id", how="left", maintain_order="left")
rest, removed, counts = curate(pool, settings.curation, real=real, protected=protected, **vectors)
job.say(f"{pool.height} rows in\n{counts}")
rows = balanced_rows(rest, settings, pool.height, removed).drop("judged", "corrupted", strict=False)
write_table(removed, snakemake.output.removed, Removed, empty=True)
parts = versions_of_parts(map(read_about, files))
write_table(counts, snakemake.output.counts, Counts, parts=parts)
topics = rows["topic"].drop_nulls().n_unique()
about = {**settings.model_dump(mode="json"), "topics": topics, "origins": origins(files[:1])}
write_table(rows, snakemake.output.rows, Curated, **about)
job.done(rows=rows.height, removed=removed.height, topics=topics)
