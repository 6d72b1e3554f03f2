"""Figures: frames in, matplotlib figures out."""

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
import polars as pl
from matplotlib.figure import Figure

from mixtura.findings import measure_name

matplotlib.rcParams["svg.hashsalt"] = "mixtura"  # the same picture is the same file
matplotlib.rcParams["svg.fonttype"] = "none"

Tables = dict[str, pl.DataFrame]


def draw(name: str, tables: Tables, style: dict[str, Any]) -> Figure:
    """The figure `name` (a key of FIGURES) from the tables findings, diversity and shift."""
    figure = Figure(figsize=(style["width"], style["height"]), layout="constrained")
    FIGURES[name](figure, tables, style)
    return figure


def score_by_level(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """Score of every mix against the designed level, real data alone as a band."""
    axes = figure.subplots()
    shown = _first_metric(tables["findings"])
    made = shown.filter(pl.col("level").is_not_null())
    levels = sorted(made["level"].unique())
    groups = list(_groups(made, ["design", "n_real", "n_generated", "pipeline", "model"]))
    colours = _colours(style, len(groups))
    for place, ((design, real, generated, *rest), part) in enumerate(groups):
        at = [
            levels.index(level) + (place - (len(groups) - 1) / 2) * 0.08 for level in part["level"]
        ]
        label = f"{design}: {real} real + {generated} generated" + _rest(made, rest)
        _points(axes, at, part, colours[place], label)
    _baseline(axes, shown)
    axes.set_xticks(range(len(levels)), levels)
    axes.set_xlabel("designed diversity level")
    axes.set_ylabel(shown["metric"][0])
    _legend(figure, axes)


def score_by_share(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """Score against the share of generated rows, one line a level."""
    axes = figure.subplots()
    shown = _first_metric(tables["findings"])
    share = pl.col("n_generated") / (pl.col("n_generated") + pl.col("n_real"))
    made = shown.filter(pl.col("level").is_not_null()).with_columns(share=share)
    groups = list(_groups(made, ["level", "pipeline", "model"]))
    colours = _colours(style, len(groups))
    for place, ((level, *rest), part) in enumerate(groups):
        part = part.sort("share")
        at = [share + (place - (len(groups) - 1) / 2) * 0.008 for share in part["share"]]
        _points(axes, at, part, colours[place], level + _rest(made, rest), line=True)
    _baseline(axes, shown)
    axes.set_xlabel("share of generated rows in the mix")
    axes.set_ylabel(shown["metric"][0])
    _legend(figure, axes)


def diversity_by_level(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """Every diversity measure against the designed level."""
    table = tables["diversity"]
    groups = list(_groups(table, ["measure", "settings", "embedder"]))
    columns = min(3, len(groups))
    lines = -(-len(groups) // columns)
    figure.set_size_inches(style["width"] * 1.3, style["height"] * 0.7 * lines)
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    levels = sorted(table["level"].unique())
    sources = list(dict.fromkeys(table.select("generator", "pipeline").iter_rows()))
    colours = _colours(style, len(sources))
    for axes, ((measure, settings, _), part) in zip(grid, groups, strict=False):
        for colour, (generator, pipeline) in zip(colours, sources, strict=True):
            one = part.filter(generator=generator, pipeline=pipeline).sort("level")
            at = [levels.index(level) for level in one["level"]]
            _points(axes, at, one, colour, f"{generator}, {pipeline}", line=True)
        axes.set_title(measure_name(measure, settings), fontsize="medium")
        axes.set_xticks(range(len(levels)), levels)
    for axes in grid[len(groups) :]:
        axes.remove()
    if len(sources) > 1:
        _legend(figure, grid[0])


def shift_by_score(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """Score of generated data against its shift from real text; the noise floor is dashed."""
    shown = _first_metric(tables["findings"])
    alone = shown.filter(pl.col("level").is_not_null())
    design = "level" if "level" in alone["design"].unique() else alone["design"][0]
    alone = alone.filter(design=design)
    groups = list(_groups(tables["shift"], ["measure", "settings", "embedder"]))
    figure.set_size_inches(style["width"] * 1.3, style["height"])
    grid = figure.subplots(1, len(groups), squeeze=False, sharey=True).ravel()
    keys = ["generator", "pipeline", "level"]
    levels = sorted(alone["level"].unique())
    colours = dict(zip(levels, _colours(style, len(levels)), strict=True))
    for axes, ((measure, settings, _), part) in zip(grid, groups, strict=True):
        both = alone.join(part.select(*keys, pl.col("value").alias("shift"), "floor"), on=keys)
        for row in both.iter_rows(named=True):
            one = pl.DataFrame([row], infer_schema_length=None)
            _points(axes, [row["shift"]], one, colours[row["level"]], row["level"])
        if both["floor"].drop_nulls().len():
            axes.axvline(both["floor"].mean(), color="grey", linestyle="--", linewidth=1)
        axes.set_xlabel(measure_name(measure, settings))
    grid[0].set_ylabel(f"{shown['metric'][0]}, design {design}")
    _legend(figure, grid[0])


FIGURES: dict[str, Callable[[Figure, Tables, dict[str, Any]], None]] = {
    "score-by-level": score_by_level,
    "score-by-share": score_by_share,
    "diversity-by-level": diversity_by_level,
    "shift-by-score": shift_by_score,
}


def _first_metric(findings: pl.DataFrame) -> pl.DataFrame:
    return findings.filter(metric=findings["metric"][0])


def _groups(frame: pl.DataFrame, keys: list[str]) -> Any:
    return frame.sort(*keys).group_by(keys, maintain_order=True)


def _colours(style: dict[str, Any], count: int) -> list[Any]:
    # The palest tenth of a colour map cannot be read on white.
    scale = matplotlib.colormaps[style["colours"]]
    return [scale(0.9 * place / max(count - 1, 1)) for place in range(count)]


def _points(
    axes: Any, at: Sequence[float], part: pl.DataFrame, colour: Any, label: str, line: bool = False
) -> None:
    value, low, high = (part[name].to_numpy() for name in ("value", "low", "high"))
    axes.errorbar(
        at,
        value,
        yerr=[(value - low).clip(0), (high - value).clip(0)],
        fmt="o-" if line else "o",
        color=colour,
        capsize=3,
        markersize=4,
        linewidth=1,
        label=label,
    )


def _baseline(axes: Any, shown: pl.DataFrame) -> None:
    base = shown.filter(pl.col("level").is_null())
    for place, row in enumerate(base.iter_rows(named=True)):
        axes.axhspan(row["low"], row["high"], color="grey", alpha=0.15, linewidth=0)
        label = f"{row['n_real']} real alone" if not place else None
        axes.axhline(row["value"], color="grey", linewidth=1, label=label)


def _legend(figure: Figure, axes: Any) -> None:
    handles, labels = axes.get_legend_handles_labels()
    kept = dict(zip(labels, handles, strict=True))
    figure.legend(
        kept.values(),
        kept.keys(),
        loc="outside lower center",
        ncols=2,
        fontsize="small",
        frameon=False,
    )


def _rest(frame: pl.DataFrame, rest: list[str]) -> str:
    several = [
        value
        for name, value in zip(("pipeline", "model"), rest, strict=True)
        if frame[name].n_unique() > 1
    ]
    return "".join(f", {value}" for value in several)
