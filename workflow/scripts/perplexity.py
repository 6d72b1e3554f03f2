"""How likely a generator finds real held-out text: the test split, row by row."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.draw import balanced_prefix
from mixtura.tables import write_table
from mixtura.tuning import Writer

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings, given = job.settings, snakemake.input
test = pl.read_parquet(given.splits).filter(split="test")
taken = balanced_prefix(test, settings["rows"]).select("id")
rows = taken.join(pl.read_parquet(given.data), on="id", maintain_order="left")
model = Writer(given.model, settings)
nll, tokens = model.nll(*model.pairs(rows), batch_size=32)
found = rows.select("id", nll=pl.Series(nll), tokens=pl.Series(tokens))
write_table(found, snakemake.output[0], **settings)
job.done(rows=rows.height, tokens=int(tokens.sum()))
