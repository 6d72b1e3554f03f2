"""What `diversity` and `shift` share: columns of a set, the user's own measures, their table."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import polars as pl

from header import Job
from mixtura.blocks import Matrix, on_gpu
from mixtura.tables import write_table


def columns(rows: pl.DataFrame, gpus: int) -> tuple[list[str], Matrix, list[str]]:
    """Texts, embeddings (n, d), on a GPU that the job has, and labels of the rows."""
    vectors = rows["embedding"].to_numpy()
    return rows["text"].to_list(), on_gpu(vectors) if gpus else vectors, rows["label"].to_list()


def chosen(settings: dict[str, Any], own: dict[str, str]) -> dict[str, Any]:
    """Arguments of a panel that both have; `own` are files of measures."""
    told = {key: settings[key] for key in ("measures", "options", "repeats", "seed")}
    return {**told, "own": {name: _own(file) for name, file in own.items()}}


def _own(file: str) -> Callable[..., float]:
    # By its name: it is no part of a study without own measures (`Plan.measuring`).
    measure: Callable[..., float]
    measure = import_module("mixtura.own").load_own(file, "measure", "a measure").measure
    return measure


def write_scores(job: Job, panel: pl.DataFrame, wildcards: Any, output: str) -> None:
    """Write what was measured, with the names of the set and of the embedder before it."""
    names = {key: wildcards[key] for key in ("generator", "pipeline", "level", "embedder")}
    table = panel.select(*(pl.lit(value).alias(key) for key, value in names.items()), pl.all())
    write_table(table, output, **job.settings)
    job.done(rows=table.height)
