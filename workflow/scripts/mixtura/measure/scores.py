"""What the rules diversity and shift share: the parts of a set, a person's own measures."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import NamedTuple

import polars as pl

from mixtura.core.draw import shuffled, take_balanced
from mixtura.measure.blocks import Matrix, on_gpu


class Parts(NamedTuple):
    """Texts, embeddings (n, d) and labels of n rows."""

    texts: list[str]
    embeddings: Matrix
    labels: list[str]


def measured_rows(rows: pl.DataFrame, n: int, seed: int) -> pl.DataFrame:
    """The n rows of a set that are measured, labels as in the set; all where it has no more."""
    if rows.height <= n:
        return rows
    places = shuffled(rows, seed, "measure").with_row_index("place")
    labels = rows["label"].to_list()
    return take_balanced(places, n, index_column="place", labels=labels).drop("place")


def parts_of(rows: pl.DataFrame, gpu: bool) -> Parts:
    """The parts of a table of embeddings; with `gpu` its embeddings lie there.

    Several labels of a row count as one, the set of them.
    """
    embeddings = rows["embedding"].to_numpy()
    several = "labels" in rows.columns
    labels = (rows["labels"].list.join("\n") if several else rows["label"]).to_list()
    return Parts(rows["text"].to_list(), on_gpu(embeddings) if gpu else embeddings, labels)


def load_measures(files: Mapping[str, str]) -> dict[str, Callable[..., float]]:
    """A person's own measures by name, from their Python files."""
    return {name: _load_measure(file) for name, file in files.items()}


def _load_measure(file: str) -> Callable[..., float]:
    # By its name: it is no part of a study without own measures (the plan of these rules).
    measure: Callable[..., float]
    measure = import_module("mixtura.core.modules").load_own(file, "measure", "a measure").measure
    return measure


def of_set(table: pl.DataFrame, names: Mapping[str, str | int]) -> pl.DataFrame:
    """A table about one set after the names of the set: `SetKey.columns`, and others."""
    columns = [
        pl.lit(value, pl.Int64 if isinstance(value, int) else pl.String).alias(name)
        for name, value in names.items()
    ]
    return table.select(*columns, pl.all())
