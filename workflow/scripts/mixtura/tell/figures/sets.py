"""The sets themselves: what curation left of them, and where their texts lie."""

import numpy as np
import numpy.typing as npt
import polars as pl
from matplotlib.figure import Figure

from mixtura.tell.figures.style import SOURCE, Tables, colours, groups, legend
from mixtura.tell.settings import FigureSettings

Array = npt.NDArray[np.float64]
MAP_POINTS = 300  # points of one set that the embedding map shows


def curation_funnel(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """Where the generated rows of every set went: removed at each step, or kept."""
    table = tables["curation"]
    sets = list(groups(table, [*SOURCE, "level"]))
    steps = list(table.filter(pl.col("removed") > 0)["stage"].unique(maintain_order=True))
    figure.set_size_inches(style.width, 1.4 + 0.28 * len(sets))
    axes = figure.subplots()
    palette = colours(style, len(steps))
    several = table.select(SOURCE).n_unique() > 1
    names = []
    for place, ((generator, pipeline, level), part) in enumerate(sets):
        names.append(f"{generator}, {pipeline} {level}" if several else level)
        left = part["rows_out"].min()
        axes.barh(place, left, color="lightgrey", label="kept")
        for step, colour in zip(steps, palette, strict=True):
            removed = part.filter(stage=step)["removed"].sum()
            axes.barh(place, removed, left=left, color=colour, label=f"removed: {step}")
            left += removed
    axes.set_yticks(range(len(sets)), names)
    axes.invert_yaxis()
    axes.set_xlabel("generated rows")
    legend(figure, axes)


def principal_axes(reference: Array) -> tuple[Array, Array, Array]:
    """Mean (d,), the two main directions (2, d) and their shares of the variance of (n, d) rows.

    The largest entry of a direction is positive, so that the same rows give the same picture.
    """
    mean = reference.mean(0)
    _, strength, directions = np.linalg.svd(reference - mean, full_matrices=False)
    directions = directions[:2]
    largest = np.abs(directions).argmax(1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    return mean, directions * signs[:, None], strength[:2] ** 2 / (strength**2).sum()


def embedding_map(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """Real text in grey and generated text in colour, on the main directions of real text."""
    real = _unit(tables["reference"])
    mean, directions, shares = principal_axes(real)
    generated = tables["generated"]
    parts = list(groups(generated, [*SOURCE, "level"]))
    columns = min(4, len(parts))
    lines = -(-len(parts) // columns)
    figure.set_size_inches(style.width * columns / 2.6, style.height * 0.72 * lines)
    grid = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).ravel()
    background = (real - mean)[:MAP_POINTS] @ directions.T
    palette = colours(style, len(parts))
    several = generated.select(*SOURCE).n_unique() > 1
    for axes, colour, ((*source, level), part) in zip(grid, palette, parts, strict=False):
        # An id is a hash: its order is no better than chance.
        positions = (_unit(part.sort("id").head(MAP_POINTS)) - mean) @ directions.T
        axes.plot(*background.T, ".", color="lightgrey", markersize=3, label="real")
        axes.plot(*positions.T, ".", color=colour, markersize=3, label=level)
        where = f"{', '.join(source)}, " if several else ""
        axes.set_title(f"{where}{level}", fontsize="medium")
    for axes in grid[len(parts) :]:
        axes.remove()
    figure.supxlabel(f"main direction of real text ({shares[0]:.0%} of its variance)")
    figure.supylabel(f"second direction ({shares[-1]:.0%})")


def _unit(rows: pl.DataFrame) -> Array:
    vectors: Array = rows["embedding"].to_numpy().astype(np.float64)
    unit: Array = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
