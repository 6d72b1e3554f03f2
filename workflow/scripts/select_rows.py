"""Select rows of a curated pool whose measured diversity reaches a target."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.derive import stage_counts
from mixtura.select import select
from mixtura.tables import write_table
from mixtura.text import receipts

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings, given = job.settings, snakemake.input
sets = [pl.read_parquet(file) for file in given.sets]
vectors = [pl.read_parquet(file, columns=["id", "embedding"]) for file in given.embeddings]
pool = pl.concat(sets, how="diagonal").sort("id")
pool = pool.unique("text", keep="first", maintain_order=True)
pool = pool.join(pl.concat(vectors).unique("id"), on="id", maintain_order="left")
target, n = settings["target"], settings["n"]
found = select(
    pool["embedding"].to_numpy(),
    pool["label"].to_list(),
    pool["text"].str.len_chars().to_list(),
    n,
    target,
    **{key: settings[key] for key in ("measure", "options", "length_tolerance", "seed")},
)
told = (
    f"{settings['measure']} of {n} of {pool.height} rows: target {target:g}, reached "
    f"{found.value:.4g}; reachable are {found.low:.4g} to {found.high:.4g}, a random choice has "
    f"{found.random:.4g}; lengths differ by {found.length_distance:.3f} from the pool"
)
job.say(told)
reached = abs(found.value - target) <= settings["tolerance"] * target
if not reached and settings["out_of_reach"] == "error":
    raise ValueError(f"{told}. Change the target, widen the pool, or set out_of_reach: record")
rows = pool[found.rows.tolist()].drop("embedding")
removed = receipts(pool.join(rows, on="id", how="anti"), "select", "not chosen")
write_table(removed, snakemake.output.removed, empty=True)
write_table(stage_counts({"select": pool.height}, removed), snakemake.output.counts)
values = {key: getattr(found, key) for key in ("value", "low", "random", "high", "length_distance")}
write_table(rows, snakemake.output.rows, reached=reached, **values, **settings)
job.done(rows=n, target=target, reached=reached, **values)
