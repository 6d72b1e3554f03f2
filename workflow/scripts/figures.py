"""Draw the figures of the study."""

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from mixtura.core.files import whole
from mixtura.core.sets import set_of
from mixtura.core.tables import read_table
from mixtura.infer.detect import power_table
from mixtura.infer.parts import of_all_mixes
from mixtura.infer.pilot import pilot
from mixtura.infer.replicates import mean_of_draws
from mixtura.job import Job
from mixtura.measure.tables import Embeddings
from mixtura.tell.figures import draw
from mixtura.tell.settings import FigureSettings
from mixtura.tell.tables import TABLES

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, FigureSettings)
OF_SETS = ("diversity", "shift", "curation", "generation")
files = snakemake.input
tables = {name: read_table(files[name], TABLES[name]) for name in TABLES if files.get(name)}
sets = []
for part in files.generated:
    generator, pipeline, level, _ = set_of(part)
    names = {"generator": generator, "pipeline": pipeline, "level": level}
    columns = [pl.lit(value).alias(key) for key, value in names.items()]
    sets.append(read_table(part, Embeddings, ["id", "embedding"]).with_columns(*columns))
tables |= {name: mean_of_draws(tables[name]) for name in OF_SETS}
if "predictions" in tables:
    runs, metric = of_all_mixes(tables["predictions"]), tables["findings"]["metric"][0]
    tables["power"] = power_table(*pilot(runs, tables["arms"], metric))
tables["generated"] = pl.concat(sets)
for path in snakemake.output:
    figure = draw(Path(path).stem, tables, job.settings)
    with whole(path) as file:
        figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})
job.done()
