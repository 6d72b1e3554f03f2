"""Draw the figures of the study."""

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.figures import draw
from mixtura.tables import set_of, whole

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
single = ("findings", "diversity", "shift", "curation", "generation", "reference")
more = ("collapse",) if snakemake.input.get("collapse") else ()
tables = {name: pl.read_parquet(snakemake.input[name]) for name in (*single, *more)}
sets = []
for part in snakemake.input.generated:
    generator, pipeline, level = set_of(part)
    made = {"generator": generator, "pipeline": pipeline, "level": level}
    named = [pl.lit(value).alias(key) for key, value in made.items()]
    sets.append(pl.read_parquet(part, columns=["id", "embedding"]).with_columns(*named))
tables["generated"] = pl.concat(sets)
for path in snakemake.output:
    figure = draw(Path(path).stem, tables, job.settings)
    with whole(path) as file:
        figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})
job.done()
