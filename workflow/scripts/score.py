"""Measure one generated set against the real reference: its diversity or its shift."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.backends import open_backend
from mixtura.blocks import Matrix, on_gpu
from mixtura.data import balanced_prefix
from mixtura.judge import llm_judge
from mixtura.own import load_own
from mixtura.panel import diversity_panel, shift_panel
from mixtura.tables import write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def columns(rows: pl.DataFrame) -> tuple[list[str], Matrix, list[str]]:
    """Texts, embeddings (n, d), on a GPU that the job has, and labels of the rows."""
    vectors = rows["embedding"].to_numpy()
    vectors = on_gpu(vectors) if snakemake.resources.get("gpu") else vectors
    return rows["text"].to_list(), vectors, rows["label"].to_list()


job = Job(snakemake)
settings, wildcards = job.settings, snakemake.wildcards
generated = pl.read_parquet(snakemake.input.generated)
reference = pl.read_parquet(snakemake.input.reference)
real = balanced_prefix(reference, settings["n"])
rest = reference.join(real, on="id", how="anti", maintain_order="left")
texts, vectors, labels = columns(generated)
real_texts, real_vectors, real_labels = columns(real)
held_texts, held_vectors, held_labels = columns(balanced_prefix(rest, settings["n"]))
chosen = {key: settings[key] for key in ("measures", "options", "repeats", "seed")}
chosen["own"] = {
    name: load_own(file, "measure", "a measure").measure
    for name, file in snakemake.params.own.items()
}
if snakemake.params.kind == "diversity":
    if writer := settings["judge"]:
        backend = open_backend(writer, next(iter(snakemake.input.judge), None))
        chosen["judge"] = llm_judge(backend.complete, writer["sampling"], settings["seed"])
    panel = diversity_panel(
        *(texts, vectors, real_vectors, labels, generated["topic"].to_list()),
        token_budget=settings["token_budget"],
        progress=job.say,
        **chosen,
    )
else:
    panel = shift_panel(
        *(real_texts, real_vectors, texts, vectors, held_texts, held_vectors),
        real_labels=real_labels,
        generated_labels=labels,
        held_out_labels=held_labels,
        progress=job.say,
        **chosen,
    )
names = {key: wildcards[key] for key in ("generator", "pipeline", "level", "embedder")}
table = panel.select(*(pl.lit(value).alias(key) for key, value in names.items()), pl.all())
write_table(table, snakemake.output[0], **settings)
job.done(rows=table.height)
