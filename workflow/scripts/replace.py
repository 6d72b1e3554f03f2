"""Replace rows of a curated set by paraphrases. The set is curated before this, never after."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.derive import accept_paraphrases, replace_rows, stage_counts
from mixtura.tables import write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings, given = job.settings, snakemake.input
base, sources = pl.read_parquet(given.base), pl.read_parquet(given.sources)
schema = {"id": pl.String, "text": pl.String, "index": pl.Int64, "example_ids": pl.List(pl.String)}
made = pl.concat(map(pl.read_parquet, given.shards)) if given.shards else pl.DataFrame([], schema)
accepted, refused = accept_paraphrases(made, sources, settings["paraphrases"])
try:
    rows, replaced = replace_rows(
        base,
        accepted,
        sources,
        labels=settings["labels"],
        take=settings["sources"],
        each=settings["paraphrases"],
        reserved=settings["reserved"],
        seed=settings["seed"],
    )
except ValueError as error:
    raise ValueError(f"{error}\nraise {settings['key']}.overgenerate") from None
removed = pl.concat([refused, replaced])
write_table(removed, snakemake.output.removed, empty=True)
counts = stage_counts({"paraphrase": made.height, "replace": base.height}, removed)
write_table(counts, snakemake.output.counts)
write_table(rows, snakemake.output.rows, **settings)
job.done(rows=rows.height, replaced=replaced.height)
