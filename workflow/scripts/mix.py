"""Mix one arm for one seed: row ids and their source, no text."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.mix import mix_rows
from mixtura.tables import write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
generated = snakemake.input.generated
rows = mix_rows(
    pl.read_parquet(snakemake.input.splits),
    pl.read_parquet(generated) if generated else None,
    seed=int(snakemake.wildcards.seed),
    **{key: job.settings[key] for key in ("n_real", "n_generated", "draw", "study_seed")},
)
write_table(rows, snakemake.output[0], **job.settings)
job.done(rows=rows.height)
