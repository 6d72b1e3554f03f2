"""How likely a generator finds real held-out text: the test split, row by row."""

from typing import TYPE_CHECKING

import polars as pl

from mixtura.core.draw import prefix_in_proportion
from mixtura.core.tables import read_table, write_table
from mixtura.job import Job
from mixtura.prepare.tables import Rows, Splits
from mixtura.train.settings import PerplexitySettings
from mixtura.train.tables import Perplexity
from mixtura.train.tuning import Writer

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, PerplexitySettings)
settings, inputs = job.settings, snakemake.input
test = read_table(inputs.splits, Splits).filter(split="test")
ids = prefix_in_proportion(test, settings.rows or test.height).select("id")
rows = ids.join(read_table(inputs.data, Rows), on="id", maintain_order="left")
writer = Writer(inputs.model, settings.prompting, settings.training())
nll, tokens = writer.nll(*writer.pairs(rows), batch_size=32)
table = rows.select("id", nll=pl.Series(nll), tokens=pl.Series(tokens))
write_table(table, snakemake.output[0], Perplexity, **settings.model_dump(mode="json"))
job.done(rows=rows.height, tokens=int(tokens.sum()))
