"""Surfaces from a table of scores alone, such as of a sweep that ran elsewhere."""

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from mixtura.infer.surface.fit import fit_surface
from mixtura.infer.surface.table import Fit, table_of

NAMES = {  # what a column is -> names that it may have, in small letters
    "real": ("real", "n_real", "real_rows", "labels", "n_labels"),
    "generated": ("generated", "n_generated", "synthetic", "n_synthetic", "generated_rows"),
    "diversity": ("diversity", "level", "vendi", "vendi_score", "temperature"),
    "score": ("score", "value", "accuracy", "f1", "macro_f1", "exact_match"),
    "replicate": ("replicate", "rep", "fold", "split", "draw"),
    "seed": ("seed", "run", "trial"),
    "model": ("model", "downstream", "student"),
}
OPTIONAL = ("replicate", "seed", "model")
NUMBERS = ("real", "generated", "score")


def named_columns(columns: list[str], chosen: Mapping[str, str | None]) -> dict[str, str]:
    """What a column is -> its name: the chosen ones, else those that are guessed from NAMES.

    Raises ValueError where a chosen column is missing, or nothing is like one that is needed.
    """
    lower = {name.lower().strip().replace(" ", "_"): name for name in columns}
    names = {}
    for role, likely in NAMES.items():
        name = chosen.get(role)
        if name is not None and name not in columns:
            raise ValueError(f"no column {name!r}; columns: {', '.join(columns)}")
        name = name or next((lower[guess] for guess in likely if guess in lower), None)
        if name is not None:
            names[role] = name
        elif role not in OPTIONAL:
            raise ValueError(
                f"no column of {role}, such as {likely[0]!r}; name it by --{role}; "
                f"columns: {', '.join(columns)}"
            )
    return names


def scores_surface(
    scores: pl.DataFrame,
    names: Mapping[str, str],
    smallest_gain: float = 0.02,
    lower: bool = False,
    level: float = 0.95,
) -> pl.DataFrame:
    """The table of surfaces of scores, one row a training; columns by `named_columns`.

    A row without generated rows is real data alone, and the baseline of the mixes with as many real
    rows; else of those with as many rows in all. Without replicates the seeds are the unit, and the
    answer is for this draw of the data. `lower` scores are better or not. Test rows are not known:
    intervals are for these. Raises ValueError for values that are no numbers, a mix without a
    baseline, and fewer than two replicates.
    """
    rows = _typed(scores, names)
    fits = []
    for (model,), part in rows.group_by("model", maintain_order=True):
        scope = {
            **{"model": str(model), "metric": names["score"], "test": "test"},
            **{"generator": "sweep", "pipeline": names["diversity"], "axis": names["diversity"]},
        }
        fits += [
            (scope | {"form": fit.mixes["form"][0]}, fit)
            for fit in _fits(part, str(model), -1 if lower else 1, level)
        ]
    return table_of(fits, smallest_gain)


def _typed(scores: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    """The columns by what they are, numbers as numbers; level: as it is written."""
    columns = {role: pl.col(name).cast(pl.String).str.strip_chars() for role, name in names.items()}
    rows = scores.select(**columns, level=columns["diversity"])
    rows = rows.with_columns(pl.lit("all").alias(r) for r in OPTIONAL if r not in names)
    mixed = pl.col("generated").cast(pl.Float64, strict=False).fill_null(1) > 0
    step = pl.col("diversity").str.extract(r"^[A-Za-z]*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)$")
    numbers = rows.with_columns(
        *(pl.col(role).cast(pl.Float64, strict=False) for role in NUMBERS),
        diversity=step.cast(pl.Float64, strict=False),
    )
    for role in (*NUMBERS, "diversity"):
        wrong = ~numbers[role].is_finite().fill_null(False)
        if role == "diversity":
            wrong &= rows.select(mixed)["generated"]
        if wrong.any():
            place = int(wrong.arg_true()[0])
            raise ValueError(
                f"column {names[role]!r}, row {place + 1}: {rows[role][place]!r} is no number"
            )
    if names.get("replicate") is None:
        numbers = numbers.with_columns(replicate="seed")
    return numbers


def _fits(rows: pl.DataFrame, model: str, sign: int, level: float) -> Iterator[Fit]:
    """The surfaces of one model, one for each number of real rows that gains are over."""
    alone = rows.filter(pl.col("generated") == 0)
    keys = ["level", "diversity", "generated", "real"]
    mixes = rows.filter(pl.col("generated") > 0)
    mixes = mixes.select(keys).unique(maintain_order=True).sort("real", "generated", "diversity")
    if mixes.is_empty() or alone.is_empty():
        raise ValueError(
            f"model {model}: needs rows of mixes, and rows of real data alone (0 generated rows)"
        )
    sizes = set(alone["real"].to_list())
    baselines = [
        next((size for size in (real, real + generated) if size in sizes), None)
        for generated, real in mixes.select("generated", "real").iter_rows()
    ]
    if None in baselines:
        row = mixes.row(baselines.index(None), named=True)
        raise ValueError(
            f"model {model}: no row of real data alone for the mix of {row['real']:.0f} real and "
            f"{row['generated']:.0f} generated rows: add rows with 0 generated and as many real"
        )
    units = sorted(rows["replicate"].unique().to_list())
    if len(units) < 2:
        raise ValueError(f"model {model}: needs 2 replicates or seeds or more to know the spread")
    mixes = mixes.with_columns(
        alone=pl.Series(baselines, dtype=pl.Float64),
        arm=pl.format("{} {} {}", "level", "generated", "real"),
    )
    form = pl.when((pl.col("alone") == pl.col("real")).all()).then(pl.lit("added"))
    mixes = mixes.with_columns(form=form.otherwise(pl.lit("replaced")))
    value = rows.group_by("replicate", "real", "generated", "level").agg(pl.col("score").mean())
    means = {(r, n, g, of): score for r, n, g, of, score in value.iter_rows()}
    of_alone = alone.group_by("replicate", "real").agg(pl.col("score").mean())
    base = {(r, n): score for r, n, score in of_alone.iter_rows()}
    for _, part in mixes.group_by("alone", maintain_order=True):
        gains = [
            [
                means.get((unit, real, generated, of), np.nan) - base.get((unit, size), np.nan)
                for of, generated, real, size in part.select(
                    "level", "generated", "real", "alone"
                ).iter_rows()
            ]
            for unit in units
        ]
        surface = fit_surface(
            sign * np.array(gains),
            *(part[name].to_numpy() for name in ("diversity", "generated", "real")),
            alone=part["alone"].to_numpy(),
            sets=part["level"].to_numpy(),
            level=level,
        )
        named = part.rename({"generated": "n_generated", "real": "n_real"})
        yield Fit(named, surface, np.zeros(part.height, dtype=bool), None, len(units))
