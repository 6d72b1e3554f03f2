"""Measure how far one generated set is from real text, beside held-out real text."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.draw import balanced_prefix
from mixtura.shift_panel import shift_panel
from scored import chosen, columns, write_scores

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job, gpus = Job(snakemake), snakemake.resources.get("gpu", 0)
n = job.settings["n"]
reference = pl.read_parquet(snakemake.input.reference)
real = balanced_prefix(reference, n)
held = reference.join(real, on="id", how="anti", maintain_order="left")
real_texts, real_vectors, real_labels = columns(real, gpus)
texts, vectors, labels = columns(pl.read_parquet(snakemake.input.generated), gpus)
held_texts, held_vectors, held_labels = columns(balanced_prefix(held, n), gpus)
panel = shift_panel(
    *(real_texts, real_vectors, texts, vectors, held_texts, held_vectors),
    real_labels=real_labels,
    generated_labels=labels,
    held_out_labels=held_labels,
    progress=job.say,
    **chosen(job.settings, snakemake.params.own),
)
write_scores(job, panel, snakemake.wildcards, snakemake.output[0])
