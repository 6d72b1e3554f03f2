"""Draw the figures of the study."""

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from header import Job, whole
from mixtura.figures import draw

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
tables = {name: pl.read_parquet(file) for name, file in snakemake.input.items()}
for path in snakemake.output:
    figure = draw(Path(path).stem, tables, job.settings)
    with whole(path) as file:
        figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})
job.done()
