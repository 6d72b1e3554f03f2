"""Mixes: which real and which generated rows a downstream model is trained on."""

import polars as pl

from mixtura.data import balanced_prefix, shuffled


def mix_rows(
    splits: pl.DataFrame,
    generated: pl.DataFrame | None,
    *,
    n_real: int,
    n_generated: int,
    draw: str,
    study_seed: int,
    seed: int,
) -> pl.DataFrame:
    """Frame (id, source) of one mix; source is "real" or "generated".

    Both parts are label-balanced and nested: a smaller n is a prefix of a larger one. `draw`
    "fixed" takes the real rows from the examples, the same for every seed; "per-seed" draws them
    from the training pool anew for every seed. Raises ValueError where rows are short.
    """
    parts = []
    if n_real:
        if draw == "fixed":
            pool = shuffled(splits.filter(pl.col("split") == "examples"), study_seed, "few")
        else:
            pool = splits.filter(pl.col("split").is_in(["pool", "examples"]))
            pool = shuffled(pool, study_seed, "few", seed)
        parts.append(_part(balanced_prefix(pool, n_real), "real"))
    if n_generated:
        if generated is None:
            raise ValueError(f"{n_generated} generated rows are wanted, but no set is given")
        order = shuffled(generated, study_seed, "generated", seed)
        parts.append(_part(balanced_prefix(order, n_generated), "generated"))
    if not parts:
        raise ValueError("an empty mix: n_real and n_generated are both 0")
    return pl.concat(parts)


def _part(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    return rows.select("id", pl.lit(source).alias("source"))
