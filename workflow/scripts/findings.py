"""Compare every arm with real data alone, and say what was found."""

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.fetch import parameters
from mixtura.findings import findings_text
from mixtura.hypotheses import hypotheses
from mixtura.stats import findings
from mixtura.tables import whole, write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
given = snakemake.input
read = {name: pl.read_parquet(given[name]) for name in ("scores", "diversity", "shift")}
table = findings(
    pl.read_parquet(given.predictions),
    pl.read_parquet(given.arms),
    job.settings["metrics"],
    seed=job.settings["seed"],
)
sizes = {
    name: parameters(Path(folder))
    for name, folder in zip(job.settings["models"], given.models, strict=True)
}
tested = hypotheses(**read, found=table, sizes=sizes)
generation = pl.read_parquet(given.generation)
text = findings_text(table, read["diversity"], read["shift"], tested, generation)
write_table(table, snakemake.output.table)
write_table(tested, snakemake.output.hypotheses, parameters=sizes)
with whole(snakemake.output.text) as file:
    file.write_text(text, encoding="utf-8")
job.done(rows=table.height, tests=tested.height)
