"""What every figure shares: colours, panels, points with intervals, legends."""

from collections.abc import Iterator
from typing import Any

import matplotlib
import polars as pl
from matplotlib.figure import Figure

from mixtura.tell.settings import FigureSettings

matplotlib.rcParams["svg.hashsalt"] = "mixtura"  # the same picture is the same file
matplotlib.rcParams["svg.fonttype"] = "none"

Tables = dict[str, pl.DataFrame]
SOURCE = ("generator", "pipeline")


def first_metric(findings: pl.DataFrame) -> pl.DataFrame:
    """The rows of the first metric on the first test set."""
    return findings.filter(metric=findings["metric"][0], test=findings["test"][0])


def groups(frame: pl.DataFrame, keys: list[str]) -> Iterator[Any]:
    """(values of the keys, rows) of every group, sorted by the keys."""
    yield from frame.sort(*keys).group_by(keys, maintain_order=True)


def grid_of(figure: Figure, count: int, style: FigureSettings, **shared: Any) -> Any:
    """Axes in rows of three, four in two rows."""
    columns = 2 if count == 4 else min(3, count)
    lines = -(-count // columns)
    figure.set_size_inches(style.width * 1.3, style.height * 0.75 * lines)
    grid = figure.subplots(lines, columns, squeeze=False, **shared).ravel()
    for axes in grid[count:]:
        axes.remove()
    return grid


def colours(style: FigureSettings, count: int) -> list[Any]:
    """So many colours of the style's colour map, dark to light."""
    # The palest tenth of a colour map cannot be read on white.
    scale = matplotlib.colormaps[style.colours]
    return [scale(0.9 * place / max(count - 1, 1)) for place in range(count)]


def points(
    axes: Any,
    at: Any,
    part: pl.DataFrame,
    colour: Any,
    label: str,
    line: bool = False,
    mark: str = "o",
) -> None:
    """Points of `part` (value, low, high) with intervals, at the places `at`."""
    value, low, high = (part[name].to_numpy() for name in ("value", "low", "high"))
    axes.errorbar(
        at,
        value,
        yerr=[(value - low).clip(0), (high - value).clip(0)],
        fmt=f"{mark}-" if line else mark,
        color=colour,
        capsize=3,
        markersize=4,
        linewidth=1,
        label=label,
    )


def baseline(axes: Any, shown: pl.DataFrame) -> None:
    """Real data alone as grey lines and bands."""
    base = shown.filter(design="real-only")
    for place, row in enumerate(base.iter_rows(named=True)):
        axes.axhspan(row["low"], row["high"], color="grey", alpha=0.15, linewidth=0)
        label = "real rows alone" if not place else None
        axes.axhline(row["value"], color="grey", linewidth=1, label=label)


def legend(figure: Figure, axes: Any, columns: int = 2) -> None:
    """A legend below the figure, every label once."""
    handles, labels = axes.get_legend_handles_labels()
    entries = dict(zip(labels, handles, strict=True))
    figure.legend(
        entries.values(),
        entries.keys(),
        loc="outside lower center",
        ncols=min(columns, 8),
        fontsize="small",
        frameon=False,
    )
