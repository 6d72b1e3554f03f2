"""Measure the diversity of one generated set."""

import json
from importlib import import_module
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.diversity_panel import diversity_panel
from mixtura.draw import balanced_prefix
from scored import chosen, columns, write_scores

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job, gpus = Job(snakemake), snakemake.resources.get("gpu", 0)
settings = job.settings
generated = pl.read_parquet(snakemake.input.generated)
real = balanced_prefix(pl.read_parquet(snakemake.input.reference), settings["n"])
texts, vectors, labels = columns(generated, gpus)
judge = None
if writer := settings["judge"]:
    # By their names: a study without a judge does not depend on them (`Plan.measuring`).
    opened = import_module("mixtura.backends").open_backend
    running = json.loads(snakemake.params.running)
    backend = opened(writer, next(iter(snakemake.input.judge), None), running)
    llm_judge = import_module("mixtura.judge").llm_judge
    judge = llm_judge(backend.complete, writer["sampling"], settings["seed"])
panel = diversity_panel(
    *(texts, vectors, columns(real, gpus)[1], labels, generated["topic"].to_list()),
    token_budget=settings["token_budget"],
    judge=judge,
    progress=job.say,
    **chosen(settings, snakemake.params.own),
)
write_scores(job, panel, snakemake.wildcards, snakemake.output[0])
