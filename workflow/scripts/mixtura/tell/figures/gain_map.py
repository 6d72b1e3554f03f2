"""The map of gains: real rows against generated rows, one panel a level."""

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from mixtura.tell.figures.style import SOURCE, Tables, groups
from mixtura.tell.matrix import SIGNS, gain_cells
from mixtura.tell.settings import FigureSettings


def gain_map(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """Gain over real data alone at every number of real and of generated rows, by level.

    Over the same real rows, where a design compares with them: not over a baseline of more rows.
    """
    compared = gain_cells(tables["findings"]).drop_nulls("difference")
    added = compared.filter(form="added")
    mixes = compared.filter(pl.col("n_real") > 0) if added.is_empty() else added
    several = mixes.filter(pl.len().over("model") > 1)
    mixes = mixes if several.is_empty() else several
    parts = list(groups(mixes, ["model", *SOURCE, "level"]))
    reals, amounts = (sorted(mixes[column].unique()) for column in ("n_real", "n_generated"))
    levels = sorted({level for (*_, level), _ in parts})
    sources = list(dict.fromkeys(tuple(source) for (*source, _), _ in parts))
    figure.set_size_inches(style.width * 1.3, max(style.height, 0.4 * style.height * len(sources)))
    grid = figure.subplots(len(sources), len(levels), squeeze=False, sharex=True, sharey=True)
    for axes in grid.ravel():
        axes.set_facecolor("lightgrey")
    most = max(mixes["difference"].abs().drop_nulls().to_list(), default=0) or 1.0
    for (model, generator, pipeline, level), part in parts:
        axes = grid[sources.index((model, generator, pipeline)), levels.index(level)]
        cells = np.full((len(reals), len(amounts)), np.nan)
        means = part.group_by("n_real", "n_generated", maintain_order=True).agg(
            pl.col("difference", "better").mean(), pl.col("state").first()
        )
        for real, amount, gain, better, state in means.iter_rows():
            row, column = reals.index(real), amounts.index(amount)
            cells[row, column] = better
            label = f"{gain:+.2f}\n{SIGNS[state]}".replace("0.", ".", 1)
            dark = "white" if abs(gain) > 0.6 * most else "black"
            size = min(max(18 * style.width / (len(levels) * len(amounts)), 4.5), 9)
            axes.text(column, row, label, ha="center", va="center", fontsize=size, color=dark)
        image = axes.imshow(
            np.ma.masked_invalid(cells), cmap="RdBu", vmin=-most, vmax=most, aspect="auto"
        )
        axes.set_xticks(range(len(amounts)), map(str, amounts), fontsize="small")
        axes.set_yticks(range(len(reals)), map(str, reals))
    for axes, level in zip(grid[0], levels, strict=True):
        axes.set_title(level, fontsize="medium")
    if len(sources) > 1:
        for axes, (model, _, pipeline) in zip(grid[:, 0], sources, strict=True):
            axes.set_ylabel(f"{model}\n{pipeline}", fontsize="small")
    figure.supxlabel("generated rows")
    figure.supylabel("real rows")
    figure.colorbar(image, ax=grid, shrink=0.7, label="gain over real alone")
