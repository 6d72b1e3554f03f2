"""Select rows of a curated pool whose measured diversity reaches a target."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from mixtura.core.tables import origins, read_tables, write_table
from mixtura.curate.counts import stage_counts
from mixtura.curate.receipts import receipts
from mixtura.curate.select import select
from mixtura.curate.settings import SelectSettings
from mixtura.curate.tables import Counts, Curated, Removed
from mixtura.job import Job
from mixtura.measure.tables import Embeddings

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, SelectSettings)
paths, settings = snakemake.input, job.settings
pool = read_tables(paths.sets, Curated).sort("id")
pool = pool.unique("text", keep="first", maintain_order=True)
vectors = read_tables(paths.embeddings, Embeddings, ["id", "embedding"])
pool = pool.join(vectors.unique("id"), on="id", maintain_order="left")
lengths = pool["text"].str.len_chars().to_list()
selection = select(pool["embedding"].to_numpy(), pool["label"].to_list(), lengths, settings)
message = selection.message(settings, pool.height)
job.say(message)
reached = selection.reaches(settings)
if not reached and settings.out_of_reach == "error":
    raise ValueError(f"{message}. Change the target, widen the pool, or set out_of_reach: record")
# sets of a pool may differ in the columns that only some sets have
rows = pool[selection.rows.tolist()].select(c for c in Curated.columns() if c in pool.columns)
removed = receipts(pool.join(rows, on="id", how="anti"), "select", "not chosen")
write_table(removed, snakemake.output.removed, Removed, empty=True)
write_table(stage_counts({"select": pool.height}, removed), snakemake.output.counts, Counts)
values = {key: value for key, value in asdict(selection).items() if key != "rows"}
about = {**settings.model_dump(mode="json"), "reached": reached, **values}
write_table(rows, snakemake.output.rows, Curated, **about, origins=origins(paths.sets))
job.done(rows=settings.n, target=settings.target, reached=reached, **values)
