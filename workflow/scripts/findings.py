"""Compare every arm with real data alone, and say what was found."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.findings import findings_text
from mixtura.hypotheses import hypotheses
from mixtura.model_size import parameters
from mixtura.stats import findings
from mixtura.tables import set_of, whole, write_table

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
panels = read["diversity"], read["shift"]
looped = None
if rounds := job.settings.get("rounds"):
    loop = import_module("mixtura.loop")  # no part of a study without a loop (`Plan.looping`)
    parts = []
    for file in given.perplexity:
        generator, pipeline, level = map(pl.lit, set_of(file))
        made = {"generator": generator, "pipeline": pipeline, "level": level}
        parts.append(pl.read_parquet(file).with_columns(**made))
    seed = job.settings["seed"]
    collapse = loop.collapse_table(rounds, table, *panels, pl.concat(parts), seed)
    looped = loop.collapse_text(collapse)
    write_table(collapse, snakemake.output.collapse)
evaluated = None
if files := given.get("lm_eval"):
    evaluated = pl.concat(pl.read_parquet(file) for file in files)
    write_table(evaluated, snakemake.output.lm_eval)
text = findings_text(table, *panels, tested, generation, looped, evaluated)
write_table(table, snakemake.output.table)
write_table(tested, snakemake.output.hypotheses, parameters=sizes)
with whole(snakemake.output.text) as file:
    file.write_text(text, encoding="utf-8")
job.done(rows=table.height, tests=tested.height)
