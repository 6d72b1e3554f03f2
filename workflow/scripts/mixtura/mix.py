"""Mixes: which real and which generated rows a downstream model is trained on."""

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from mixtura.draw import balanced_prefix, shuffled


def mix_rows(
    splits: pl.DataFrame, generated: pl.DataFrame | None, arm: Mapping[str, Any], seed: int
) -> pl.DataFrame:
    """Frame (id, source) of one mix; source is "real" or "generated".

    `arm` holds n_real, n_generated, repeat_to, draw and study_seed. Both parts are balanced over
    labels and nested: a smaller n is a prefix of a larger one. `draw` "fixed" takes the real rows
    from the examples, the same for every seed; "per-seed" draws them from the training pool anew
    for every seed. Raises ValueError where rows are short.
    """
    if generated is not None:
        generated = generated_order(generated, arm["study_seed"], seed)
    return cut(real_order(splits, arm["draw"], arm["study_seed"], seed), generated, arm)


def real_order(splits: pl.DataFrame, draw: str, study_seed: int, seed: int) -> pl.DataFrame:
    """The real rows (id, label, split) that may be trained on, in the order they are taken."""
    if draw == "fixed":
        return shuffled(splits.filter(split="examples"), study_seed, "few")
    pool = splits.filter(pl.col("split").is_in(["pool", "examples"]))
    return shuffled(pool, study_seed, "few", seed)


def generated_order(rows: pl.DataFrame, study_seed: int, seed: int) -> pl.DataFrame:
    """The rows of a set in the order they are taken."""
    return shuffled(rows.select("id", "label"), study_seed, "generated", seed)


def cut(real: pl.DataFrame, generated: pl.DataFrame | None, arm: Mapping[str, Any]) -> pl.DataFrame:
    """The mix of an arm, from rows in the order they are taken; empty for an untrained model."""
    parts = []
    if arm["n_real"]:
        taken = balanced_prefix(real, arm["n_real"])
        times = math.ceil(arm["repeat_to"] / taken.height)
        again = balanced_prefix(pl.concat([taken] * times), arm["repeat_to"]) if times else taken
        parts.append(_part(again, "real"))
    if arm["n_generated"]:
        if generated is None:
            raise ValueError(f"{arm['n_generated']} generated rows are wanted, but no set is given")
        parts.append(_part(balanced_prefix(generated, arm["n_generated"]), "generated"))
    return pl.concat([_part(real.clear(), "real"), *parts])


def _part(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    return rows.select("id", pl.lit(source).alias("source"))
