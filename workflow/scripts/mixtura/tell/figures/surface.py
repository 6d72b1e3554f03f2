"""The fitted gain: as a surface, over real rows, and of every tried mix."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from mixtura.tell.figures.style import SOURCE, Tables, colours, grid_of, groups, legend
from mixtura.tell.settings import FigureSettings

NAMES = ["model", *SOURCE, "form"]


def gain_surface(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """The smooth gain over diversity and generated rows, its region, and the tried mixes.

    At the number of real rows that gains most; a line with its band where one amount was tried.
    """
    parts = [(title, _largest(part)) for title, part in _surfaces(tables["surface"])]
    grid = grid_of(figure, len(parts), style)
    for axes, (title, part) in zip(grid, parts, strict=False):
        points, mixes = part.filter(kind="surface"), part.filter(kind="mix")
        real = f"{mixes['n_real'][0]:.0f} real rows"
        axes.set_title(f"{title}, {real}" if title else real, fontsize="medium")
        if points["n_generated"].n_unique() > 1 and points["diversity"].n_unique() > 1:
            image = _map(axes, points, mixes)
            figure.colorbar(image, ax=axes, label=f"gain in {part['metric'][0]}")
            axes.set_ylabel("generated rows")
            axes.set_xlabel(_axis(part))
        else:
            along = "diversity" if points["diversity"].n_unique() > 1 else "n_generated"
            _line(axes, points, mixes, along)
            axes.set_xlabel(_axis(part) if along == "diversity" else "generated rows")
            axes.set_ylabel(f"gain in {part['metric'][0]}")
    legend(figure, grid[0], columns=4)


def _surfaces(surface: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """The parts of a table of surfaces, each with what tells it from the others.

    A part with a single mix has no shape: it is left out beside others.
    """
    mixes = pl.col("arm").filter(kind="mix").n_unique().over(NAMES)
    shaped = surface.filter(mixes > 1)
    surface = surface if shaped.is_empty() else shaped
    several = [name for name in NAMES if surface[name].n_unique() > 1]
    for values, part in groups(surface, NAMES):
        named = dict(zip(NAMES, values, strict=True))
        yield ", ".join(named[name] for name in several), part


def _largest(part: pl.DataFrame) -> pl.DataFrame:
    """The rows at the number of real rows whose recommended mix gains most."""
    top = part.filter(pl.col("recommended")).sort("gain", descending=True).row(0, named=True)
    return part.filter(pl.col("n_real") == top["n_real"])


def _axis(part: pl.DataFrame) -> str:
    axis = str(part["axis"][0])
    return "designed diversity level" if axis == "level" else axis


def _map(axes: Any, points: pl.DataFrame, mixes: pl.DataFrame) -> Any:
    """The surface as colours, a line around its region, and the mixes."""
    ordered = points.sort("n_generated", "diversity")
    x, y = (ordered[name].unique().sort().to_numpy() for name in ("diversity", "n_generated"))
    shape = (len(y), len(x))
    gains = ordered["gain"].to_numpy().reshape(shape)
    most = np.abs(gains).max() or 1.0
    image = axes.pcolormesh(
        x, y, gains, cmap="RdBu", vmin=-most, vmax=most, shading="gouraud", rasterized=True
    )
    region = ordered["best"].to_numpy().reshape(shape).astype(float)
    if 0 < region.mean() < 1:
        axes.contour(x, y, region, levels=[0.5], colors="black", linewidths=1)
    if region.any():
        axes.plot([], [], color="black", linewidth=1, label="95 % region of the optimum")
    _marks(axes, mixes, "n_generated")
    return image


def _line(axes: Any, points: pl.DataFrame, mixes: pl.DataFrame, along: str) -> None:
    """The surface as a line with its band, where one thing alone varied."""
    line = points.sort(along)
    axes.fill_between(line[along], line["low"], line["high"], color="grey", alpha=0.25, linewidth=0)
    axes.plot(line[along], line["gain"], color="grey", label="fitted, 95 %")
    axes.axhline(0, color="grey", linewidth=0.5)
    best = line.filter("best")
    axes.plot(
        best[along],
        best["gain"],
        color="black",
        linewidth=2.5,
        label="95 % region of the optimum",
    )
    _marks(axes, mixes, "gain", along)


def _marks(axes: Any, mixes: pl.DataFrame, up: str, along: str = "diversity") -> None:
    """The tried mixes: filled where they may be the best, a star where recommended."""
    kinds = {
        "tried": (mixes.filter(~pl.col("best")), "o", "white"),
        "may be the best": (mixes.filter(pl.col("best") & ~pl.col("recommended")), "o", "black"),
        "recommended": (mixes.filter(pl.col("recommended")), "*", "gold"),
    }
    for label, (part, mark, face) in kinds.items():
        axes.plot(
            part[along],
            part[up],
            mark,
            markerfacecolor=face,
            markeredgecolor="black",
            markersize=12 if mark == "*" else 5,
            label=label,
            clip_on=False,
            zorder=3,
        )


def gain_by_real(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """The fitted gain along the recommended mixes over the number of real rows, with its band."""
    surface = tables["surface"].filter(pl.col("kind").is_in(["real rows", "mix", "limit"]))
    curved = surface.filter(kind="real rows").select(NAMES).unique()
    parts = list(_surfaces(surface.join(curved, on=NAMES, maintain_order="left")))
    grid = grid_of(figure, len(parts), style, sharey=True)
    for axes, (title, part) in zip(grid, parts, strict=False):
        line = part.filter(kind="real rows").sort("n_real")
        x = line["n_real"]
        axes.fill_between(x, line["low"], line["high"], color="grey", alpha=0.25, linewidth=0)
        axes.plot(x, line["gain"], color="black", label="fitted, 95 %")
        named = part.filter(pl.col("recommended"))
        error = [named["gain"] - named["low"], named["high"] - named["gain"]]
        axes.errorbar(
            named["n_real"], named["gain"], error, fmt="o", color="black", capsize=3, markersize=4,
            label="recommended mix",
        )  # fmt: skip
        axes.axhline(0, color="grey", linewidth=1)
        limit = part.filter(kind="limit").row(0, named=True)
        axes.axhline(limit["gain"], color="grey", linestyle="--", label="smallest gain of interest")
        axes.set_xscale("log")
        reals = named["n_real"].unique().sort()
        axes.set_xticks(reals, [f"{real:.0f}" for real in reals])
        axes.minorticks_off()
        axes.set_title(title, fontsize="medium")
        axes.set_xlabel("real rows")
    figure.supylabel(f"gain in {surface['metric'][0]}", fontsize="medium")
    legend(figure, grid[0], columns=3)


def best_mixes(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """Fitted gains of the tried mixes with intervals, those that may be the best in colour."""
    parts = [
        (title, _largest(part).filter(kind="mix").sort("gain"))
        for title, part in _surfaces(tables["surface"])
    ]
    grid = grid_of(figure, len(parts), style)
    most = max(part.height for _, part in parts)
    figure.set_figheight(max(figure.get_figheight(), 0.16 * most * -(-len(parts) // 3)))
    dark = colours(style, 3)[1]
    for axes, (title, part) in zip(grid, parts, strict=False):
        places = np.arange(part.height)
        best = part["best"].to_numpy()
        for some, colour, label in ((best, dark, "may be the best"), (~best, "grey", "is not")):
            rows = part.filter(pl.Series(some))
            error = [rows["gain"] - rows["low"], rows["high"] - rows["gain"]]
            axes.errorbar(
                rows["gain"], places[some], xerr=error, fmt="o", color=colour, capsize=2,
                markersize=4, linewidth=1, label=label,
            )  # fmt: skip
        axes.plot(part["observed"], places, "|", color="black", label="mean as it is")
        axes.axvline(0, color="grey", linewidth=1)
        names = [f"{row['level']}, {row['n_generated']:.0f}" for row in part.to_dicts()]
        axes.set_yticks(places, names, fontsize="x-small")
        real = f"{part['n_real'][0]:.0f} real rows"
        axes.set_title(f"{title}, {real}" if title else real, fontsize="medium")
        axes.set_xlabel(f"gain in {part['metric'][0]}")
        axes.locator_params(axis="x", nbins=6)
    figure.supylabel("level and generated rows", fontsize="medium")
    legend(figure, grid[0], columns=3)
