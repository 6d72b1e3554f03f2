"""Measure one generated set against the real reference: its diversity or its shift."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from header import Job, write_table
from mixtura.data import balanced_prefix
from mixtura.panel import diversity_panel, shift_panel

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings, wildcards = job.settings, snakemake.wildcards
n = settings["n"]
generated = pl.read_parquet(snakemake.input.generated)
reference = pl.read_parquet(snakemake.input.reference)
real = balanced_prefix(reference, n)
held_out = balanced_prefix(reference.join(real, on="id", how="anti", maintain_order="left"), n)


def vectors(rows: pl.DataFrame) -> np.ndarray:
    """Embeddings of the rows, (n, d)."""
    return rows["embedding"].to_numpy()


chosen = {key: settings[key] for key in ("measures", "options", "repeats", "seed")}
if snakemake.params.kind == "diversity":
    panel = diversity_panel(
        generated["text"].to_list(),
        vectors(generated),
        reference_embeddings=vectors(real),
        labels=generated["label"].to_list(),
        topics=generated["topic"].to_list(),
        **chosen,
    )
else:
    panel = shift_panel(
        real["text"].to_list(),
        vectors(real),
        generated["text"].to_list(),
        vectors(generated),
        held_out["text"].to_list(),
        vectors(held_out),
        **chosen,
    )
table = panel.select(
    pl.lit(wildcards.generator).alias("generator"),
    pl.lit(wildcards.pipeline).alias("pipeline"),
    pl.lit(wildcards.level).alias("level"),
    pl.lit(wildcards.embedder).alias("embedder"),
    pl.all(),
)
write_table(table, snakemake.output[0], **settings)
job.done(rows=table.height)
