"""How often a training sees its real and its generated rows."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

FINE_TUNED = ("encoder", "causal-lm")  # kinds whose steps go over the rows of a mix
RUN = ("arm", "model", "replicate", "seed")
PASSES: dict[str, type[pl.DataType]] = {
    "real_passes": pl.Float64,
    "generated_passes": pl.Float64,
}
NO_RUN: dict[str, type[pl.DataType]] = {
    **{"arm": pl.String, "model": pl.String},
    **{"replicate": pl.Int64, "seed": pl.Int64},
}


def passes_table(runs: Iterable[tuple[pl.DataFrame, Mapping[str, Any]]]) -> pl.DataFrame:
    """The passes of every run that is fine-tuned: its name, real_passes, generated_passes.

    runs holds the predictions of a run and what was written about them: settings and trials.
    """
    names, passes = [], []
    for predictions, about in runs:
        if about["training"]["kind"] in FINE_TUNED:
            names.append(predictions.select(RUN).head(1))
            passes.append(passes_of(about))
    if not names:
        return pl.DataFrame(schema=NO_RUN | PASSES)
    return pl.concat(names).hstack(pl.DataFrame(passes, PASSES, orient="row"))


def with_passes(arms: pl.DataFrame, passes: pl.DataFrame) -> pl.DataFrame:
    """The arms with the passes that all their runs have, null where these differ."""
    equal = [
        pl.when(pl.col(name).n_unique() == 1).then(pl.col(name).first()).alias(name)
        for name in PASSES
    ]
    return arms.drop(PASSES, strict=False).join(
        passes.group_by("arm").agg(equal), on="arm", how="left", maintain_order="left"
    )


def passes_of(about: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Passes over the real and over the generated rows of one run, None where it has none.

    Of a run that searched its settings those of the chosen ones.
    """
    chosen: dict[str, Any] = next((t for t in about.get("tried", []) if t["chosen"]), {})
    training, mix = about["training"] | chosen, about["mix"]
    rows = mix["repeat_to"] or mix["n_real"] + mix["n_generated"]
    if not rows:
        return None, None
    batches = math.ceil(rows / training["batch_size"])
    passes = training["epochs"] or training["steps"] / batches
    times = rows / mix["n_real"] if mix["repeat_to"] else 1  # a real row occurs in one pass
    return (
        passes * times if mix["n_real"] else None,
        float(passes) if mix["n_generated"] else None,
    )
