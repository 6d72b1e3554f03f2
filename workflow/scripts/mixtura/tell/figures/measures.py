"""Diversity and shift of the sets: by level, against scores, and curves of a loop."""

import polars as pl
from matplotlib.figure import Figure

from mixtura.core.wording import measure_name
from mixtura.tell.figures.style import (
    SOURCE,
    Tables,
    colours,
    first_metric,
    grid_of,
    groups,
    legend,
    points,
)
from mixtura.tell.settings import FigureSettings


def diversity_by_level(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """Every diversity measure against the designed level."""
    _by_level(figure, tables["diversity"], style)


def shift_by_level(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """Every shift measure against the designed level; the noise floor is dashed."""
    _by_level(figure, tables["shift"], style)


def _by_level(figure: Figure, table: pl.DataFrame, style: FigureSettings) -> None:
    parts = list(groups(table, ["measure", "settings", "embedder"]))
    grid = grid_of(figure, len(parts), style)
    levels = sorted(table["level"].unique())
    sources = list(dict.fromkeys(table.select("generator", "pipeline").iter_rows()))
    palette = colours(style, len(sources))
    for axes, ((measure, settings, _), part) in zip(grid, parts, strict=False):
        for colour, (generator, pipeline) in zip(palette, sources, strict=True):
            line = part.filter(generator=generator, pipeline=pipeline).sort("level")
            at = [levels.index(level) for level in line["level"]]
            points(axes, at, line, colour, f"{generator}, {pipeline}", line=True)
        if "floor" in part and part["floor"].drop_nulls().len():
            axes.axhline(part["floor"].mean(), color="grey", linestyle="--", linewidth=1)
        axes.set_title(measure_name(measure, settings), fontsize="medium")
        axes.set_xticks(range(len(levels)), levels)
        axes.set_xlim(-0.5, len(levels) - 0.5)  # labels of neighbours keep apart
    if len(sources) > 1:
        legend(figure, grid[0])


def shift_by_score(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """Score of generated data against its shift from real text; the noise floor is dashed."""
    _by_measure(figure, tables["findings"], tables["shift"], style)


def score_by_diversity(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """Score of generated data against every measured diversity."""
    _by_measure(figure, tables["findings"], tables["diversity"], style)


def _by_measure(
    figure: Figure, findings: pl.DataFrame, table: pl.DataFrame, style: FigureSettings
) -> None:
    """One mix of every level of the first model against every measure, one panel each.

    The mix is that of the plainest design with the fewest real and the most generated rows: others
    of a level stand at the same place.
    """
    shown = first_metric(findings)
    model = shown["model"][0]
    mixes = shown.filter(pl.col("level").is_not_null(), model=model)
    design = "level" if "level" in mixes["design"].unique() else mixes["design"][0]
    mixes = mixes.filter(design=design).unique("arm", maintain_order=True)
    mixes = mixes.filter(n_real=mixes["n_real"].min())
    mixes = mixes.filter(n_generated=mixes["n_generated"].max())
    rows = f"{mixes['n_real'][0]} real and {mixes['n_generated'][0]} generated rows"
    parts = list(groups(table, ["measure", "settings", "embedder"]))
    grid = grid_of(figure, len(parts), style, sharey=True)
    levels = sorted(mixes["level"].unique())
    palette = dict(zip(levels, colours(style, len(levels)), strict=True))
    sources = list(dict.fromkeys(mixes.select(SOURCE).iter_rows()))
    marks = dict(zip(sources, "osD^v<>P*X" * len(sources), strict=False))
    for axes, ((measure, settings, _), part) in zip(grid, parts, strict=False):
        measured = part.select(*SOURCE, "level", pl.col("value").alias("at"))
        both = mixes.join(measured, on=[*SOURCE, "level"], maintain_order="left").drop_nulls("at")
        for (*source, level), points_of_level in groups(both, [*SOURCE, "level"]):
            where = f"{source[1]} " if len(sources) > 1 else ""
            mark = marks[source[0], source[1]]
            points(
                axes,
                points_of_level["at"],
                points_of_level,
                palette[level],
                f"{where}{level}",
                mark=mark,
            )
        if "floor" in part and part["floor"].drop_nulls().len():
            axes.axvline(part["floor"].mean(), color="grey", linestyle="--", linewidth=1)
        axes.set_xlabel(measure_name(measure, settings))
    figure.supylabel(f"{shown['metric'][0]} of {model}", fontsize="medium")
    figure.suptitle(rows, fontsize="medium")
    legend(figure, grid[0], columns=max(len(levels), 2))


def collapse_curves(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """Every measure against the round, one line a scheme; the noise floor is dashed."""
    table = tables["collapse"]
    metric = table.filter(kind="score")["measure"][0]
    task_test = pl.col("test").is_null() | (pl.col("test") == "test")
    shown = table.filter(task_test, (pl.col("kind") != "score") | (pl.col("measure") == metric))
    panels = ["kind", "measure", "settings", "model"]
    parts = list(shown.group_by(panels, maintain_order=True))
    grid = grid_of(figure, len(parts), style)
    sources = list(dict.fromkeys(table.select("generator", "scheme").iter_rows()))
    palette = colours(style, len(sources))
    several = table["generator"].n_unique() > 1
    for axes, ((kind, measure, settings, model), part) in zip(grid, parts, strict=False):
        for place, (generator, scheme) in enumerate(sources):
            line = part.filter(generator=generator, scheme=scheme).sort("round")
            shift = (place - (len(sources) - 1) / 2) * 0.06
            label = f"{generator}, {scheme}" if several else scheme
            points(axes, line["round"] + shift, line, palette[place], label, line=True)
        if part["floor"].drop_nulls().len():
            axes.axhline(part["floor"].mean(), color="grey", linestyle="--", linewidth=1)
        where = f" of {model}" if kind == "score" else ""
        axes.set_title(f"{measure_name(measure, settings)}{where}", fontsize="medium")
        axes.set_xticks(sorted(table["round"].unique()))
        axes.set_xlabel("round")
    legend(figure, grid[0], columns=len(sources))
