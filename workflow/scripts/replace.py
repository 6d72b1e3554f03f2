"""Replace rows of a curated set by paraphrases. The set is curated before this, never after."""

from typing import TYPE_CHECKING

import polars as pl

from mixtura.core.tables import origins, read_table, write_table
from mixtura.curate.counts import stage_counts
from mixtura.curate.replace import accept_paraphrases, replace_rows
from mixtura.curate.settings import ReplaceSettings
from mixtura.curate.tables import Counts, Curated, Removed
from mixtura.generate.tables import Generated
from mixtura.job import Job
from mixtura.prepare.tables import Examples

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, ReplaceSettings)
paths, settings = snakemake.input, job.settings
base = read_table(paths.base, Curated)
real = paths.sources != paths.base
sources = read_table(paths.sources, Examples) if real else base
schema = {"id": pl.String, "text": pl.String, "index": pl.Int64, "example_ids": pl.List(pl.String)}
shards = [read_table(file, Generated) for file in paths.shards]
paraphrases = pl.concat(shards) if shards else pl.DataFrame([], schema)
accepted, refused = accept_paraphrases(paraphrases, sources, settings.paraphrases)
try:
    rows, replaced = replace_rows(base, accepted, sources, settings)
except ValueError as error:
    raise ValueError(f"{error}\nraise {settings.key}.overgenerate") from None
removed = pl.concat([refused, replaced])
write_table(removed, snakemake.output.removed, Removed, empty=True)
counts = stage_counts({"paraphrase": paraphrases.height, "replace": base.height}, removed)
write_table(counts, snakemake.output.counts, Counts)
about = {**settings.model_dump(mode="json"), "origins": origins([paths.base, *paths.shards[:1]])}
write_table(rows, snakemake.output.rows, Curated, **about)
job.done(rows=rows.height, replaced=replaced.height)
