"""Scores and gains: by level, by share of generated rows, by numbers of rows, by model, by cost."""

from collections.abc import Iterator
from typing import Any

import polars as pl
from matplotlib.figure import Figure

from mixtura.tell.costs import arm_costs
from mixtura.tell.figures.style import (
    SOURCE,
    Tables,
    baseline,
    colours,
    first_metric,
    grid_of,
    groups,
    legend,
    points,
)
from mixtura.tell.settings import FigureSettings


def score_by_level(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """Score of every mix against the designed level, real data alone as a band."""
    shown = first_metric(tables["findings"])
    scores = shown.filter(pl.col("level").is_not_null())
    levels = sorted(scores["level"].unique())
    mixes = [mix for mix, _ in groups(scores, ["design", "n_generated"])]
    palette = colours(style, len(mixes))
    for axes, part in _panels(figure, scores, shown, style, "designed diversity level", "n_real"):
        for place, (design, generated) in enumerate(mixes):
            series = part.filter(design=design, n_generated=generated)
            shift = (place - (len(mixes) - 1) / 2) * 0.6 / len(mixes)
            at = [levels.index(level) + shift for level in series["level"]]
            points(axes, at, series, palette[place], f"{design}: {generated} generated")
        axes.set_xticks(range(len(levels)), levels)
        axes.set_xlim(-0.5, len(levels) - 0.5)
    legend(figure, axes)


def score_by_share(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """Score against the share of generated rows, a line a level, a panel a series of mixes.

    A series are mixes with equal real rows, or those of mix-fixed, whose share decides them.
    """
    shown = first_metric(tables["findings"])
    share = pl.col("n_generated") / (pl.col("n_generated") + pl.col("n_real"))
    real = pl.format("{}, {} real", "design", "n_real")
    alone = pl.when(n_real=0).then(pl.lit("generated alone")).otherwise(real)
    series = pl.when(design="mix-fixed").then("design").otherwise(alone)
    mixes = shown.filter(pl.col("level").is_not_null()).with_columns(share=share, series=series)
    lines = mixes.filter(pl.col("share").n_unique().over("model", "series") > 1)
    mixes = mixes if lines.is_empty() else lines
    order = mixes.sort("design", "n_real")["series"].unique(maintain_order=True)
    mixes = mixes.with_columns(pl.col("series").cast(pl.Enum(order)))  # 8 before 16
    levels = sorted(mixes["level"].unique())
    palette = dict(zip(levels, colours(style, len(levels)), strict=True))
    across = "share of generated rows in the mix"
    for axes, part in _panels(figure, mixes, shown, style, across, "series"):
        for place, level in enumerate(levels):
            line = part.filter(level=level).sort("share")
            at = line["share"] + (place - (len(levels) - 1) / 2) * 0.04 / len(levels)
            points(axes, at, line, palette[level], level, line=True)
    legend(figure, axes, columns=len(levels) + 1)


def _panels(
    figure: Figure,
    mixes: pl.DataFrame,
    shown: pl.DataFrame,
    style: FigureSettings,
    across: str,
    *more: str,
) -> Iterator[tuple[Any, pl.DataFrame]]:
    """Axes and rows of every model, source of generated rows and `more`, beside the baselines.

    A panel of mixes that have one number of real rows has the baseline of as many alone.
    """
    names = ["model", *SOURCE, *more]
    parts = list(groups(mixes, names))
    several = [name for name in names if mixes[name].n_unique() > 1]
    grid = grid_of(figure, len(parts), style, sharex=True, sharey=True) if several else None
    for place, (values, part) in enumerate(parts):
        axes = figure.subplots() if grid is None else grid[place]
        group = dict(zip(names, values, strict=True))
        if several:
            axes.set_title(
                ", ".join(_named(name, group[name]) for name in several), fontsize="medium"
            )
        axes.set_xlabel(across)
        axes.label_outer()
        reals = part["n_real"].unique().to_list()
        alone = {"n_real": reals[0]} if len(reals) == 1 and reals[0] else {}
        baseline(axes, shown.filter(model=group["model"], **alone))
        yield axes, part
    figure.supylabel(shown["metric"][0], fontsize="medium")


def _named(name: str, value: Any) -> str:
    return f"{value} real" if name == "n_real" else str(value)


def size_interaction(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """Gain over real data alone by level, one line a model.

    Mixes of a level are averaged: of those that all models have, where there are such.
    """
    shown = first_metric(tables["findings"])
    mixes = shown.filter(pl.col("level").is_not_null()).drop_nulls("difference")
    everywhere = pl.col("model").n_unique().over("arm") == mixes["model"].n_unique()
    common = mixes.filter(everywhere)
    mixes = mixes if common.is_empty() else common
    designs = list(groups(mixes, ["design"]))
    models = list(mixes["model"].unique(maintain_order=True))
    levels = sorted(mixes["level"].unique())
    palette = colours(style, len(models))
    grid = grid_of(figure, len(designs), style, sharey=True)
    for axes, ((design,), part) in zip(grid, designs, strict=False):
        for place, (model, colour) in enumerate(zip(models, palette, strict=True)):
            mean = (
                part.filter(model=model)
                .group_by("level")
                .agg(
                    value=pl.col("difference").mean(),
                    **{bound: pl.col(f"difference_{bound}").mean() for bound in ("low", "high")},
                )
                .sort("level")
            )
            shift = (place - (len(models) - 1) / 2) * 0.1
            at = [levels.index(level) + shift for level in mean["level"]]
            points(axes, at, mean, colour, model, line=True)
        axes.axhline(0, color="grey", linewidth=1)
        axes.set_title(design, fontsize="medium")
        axes.set_xticks(range(len(levels)), levels)
        axes.set_xlim(-0.5, len(levels) - 0.5)
    figure.supylabel(f"gain in {shown['metric'][0]}")
    legend(figure, grid[0])


def cost_by_gain(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """Gain over real data alone against what the generated rows cost to write."""
    shown = first_metric(tables["findings"])
    priced, unit = arm_costs(shown.drop_nulls("difference"), tables["generation"])
    priced = priced.drop_nulls("price")
    axes = figure.subplots()
    levels = sorted(priced["level"].unique())
    palette = dict(zip(levels, colours(style, len(levels)), strict=True))
    for (level,), part in groups(priced, ["level"]):
        gains = part.select(
            "price", value="difference", low="difference_low", high="difference_high"
        )
        points(axes, gains["price"], gains, palette[level], level)
    axes.axhline(0, color="grey", linewidth=1)
    axes.set_xlabel(f"{unit} for the generated rows of a mix")
    axes.set_ylabel(f"gain in {shown['metric'][0]}")
    legend(figure, axes, columns=max(len(levels), 2))
