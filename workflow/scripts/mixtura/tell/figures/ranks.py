"""Whether measures order the levels as designed, and whether they say the same."""

import math
import warnings

import numpy as np
import numpy.typing as npt
import polars as pl
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from mixtura.core.wording import measure_name
from mixtura.infer.ranks import rank_agreement
from mixtura.tell.figures.style import SOURCE, Tables, colours, groups, legend
from mixtura.tell.settings import FigureSettings

Vector = npt.NDArray[np.float64]
LOWER = ("self_bleu", "rouge_l_homogenisation", "compression_ratio", "self_repetition")
"""Diversity measures that fall where a set is more diverse."""


def level_agreement(diversity: pl.DataFrame, shift: pl.DataFrame) -> pl.DataFrame:
    """Spearman's correlation of every measure with the designed level, in each source of text.

    Columns: kind, name, generator, pipeline, n (levels), rho, low, high. rho is null where the
    measure does not vary or there is one level; low and high are null below 4 levels.
    """
    rows = []
    for kind, table in (("diversity", diversity), ("shift", shift)):
        several = table["embedder"].n_unique() > 1
        for keys, part in groups(table, ["measure", "settings", "embedder", *SOURCE]):
            measure, settings, embedder, generator, pipeline = keys
            part = part.filter(pl.col("value").is_not_null()).sort("level")
            rho, low, high = _agreement(np.arange(part.height), part["value"].to_numpy())
            arrow = " (lower is more diverse)" if measure in LOWER else ""
            where = f", {embedder}" if several else ""
            rows.append(
                {
                    "kind": kind,
                    "name": measure_name(measure, settings) + where + arrow,
                    "generator": generator,
                    "pipeline": pipeline,
                    "n": part.height,
                    "rho": rho,
                    "low": low,
                    "high": high,
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None).cast(
        {"rho": pl.Float64, "low": pl.Float64, "high": pl.Float64}
    )


def _agreement(x: Vector, y: Vector) -> tuple[float | None, float | None, float | None]:
    if len(y) < 2 or not np.ptp(y) or not np.ptp(x):
        return None, None, None
    if len(y) < 4:
        return float(spearmanr(x, y).statistic), None, None
    rho, low, high, _ = rank_agreement(x, y)
    return rho, low, high


def rank_agreement_figure(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """Spearman's correlation of every measure with the designed level."""
    agreement = level_agreement(tables["diversity"], tables["shift"])
    names = agreement.select("kind", "name").unique(maintain_order=True)
    figure.set_size_inches(style.width, 1.2 + 0.26 * names.height)
    axes = figure.subplots()
    sources = list(dict.fromkeys(agreement.select(*SOURCE).iter_rows()))
    palette = colours(style, len(sources))
    places = {row: place for place, row in enumerate(reversed(names.rows()))}
    for number, (colour, source) in enumerate(zip(palette, sources, strict=True)):
        rows = agreement.filter(generator=source[0], pipeline=source[1])
        shift = (number - (len(sources) - 1) / 2) * 0.5 / max(len(sources), 2)
        for row in rows.iter_rows(named=True):
            place = places[row["kind"], row["name"]] - shift
            if row["rho"] is None:
                axes.text(0, place, "does not vary", ha="center", va="center", fontsize="x-small")
                continue
            if row["low"] is not None:
                axes.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=1)
            axes.plot(row["rho"], place, "o", color=colour, markersize=5, label=", ".join(source))
    axes.set_yticks(list(places.values()), [name for _, name in places])
    for label, (kind, _) in zip(axes.get_yticklabels(), places, strict=True):
        label.set_fontstyle("italic" if kind == "shift" else "normal")
    axes.axvline(0, color="grey", linewidth=1)
    axes.set_xlim(-1.08, 1.08)
    axes.set_ylim(-0.6, len(places) - 0.4)
    axes.set_xlabel("Spearman's correlation with the designed level (shift in italics)")
    axes.set_title(_by_chance(max(agreement["n"])), fontsize="small")
    if len(sources) > 1:
        legend(figure, axes)


def _by_chance(n: int) -> str:
    if n < 2:
        return f"n = {n} level: no ranks to compare"
    if n > 6:
        return f"n = {n} levels"
    often = math.factorial(n) // 2
    frequency = "always gives" if often == 1 else f"gives 1 measure in {often}"
    return f"n = {n} levels: chance alone {frequency} a perfect correlation (+1 or -1)"


def measure_correlations(diversity: pl.DataFrame, shift: pl.DataFrame) -> pl.DataFrame:
    """Spearman's correlation of every two measures over the sets, one row and column a measure.

    Columns: name, n (sets), one for each measure; NaN where a measure does not vary.
    """
    both = pl.concat([diversity, shift.select(diversity.columns)])
    several = both["embedder"].n_unique() > 1
    wide = {
        measure_name(measure, settings) + (f", {embedder}" if several else ""): part
        for (measure, settings, embedder), part in groups(
            both.with_row_index("place"), ["measure", "settings", "embedder"]
        )
    }
    order = sorted(wide, key=lambda name: wide[name]["place"][0])
    sets = both.select(*SOURCE, "level").unique().sort(*SOURCE, "level")
    values = np.array(
        [
            sets.join(wide[name], on=[*SOURCE, "level"], how="left", maintain_order="left")["value"]
            .cast(pl.Float64)
            .to_numpy()
            for name in order
        ]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a measure that does not vary has no correlation
        cells = [[_spearman(a, b) for b in values] for a in values]
    table = {"name": order, "n": [sets.height] * len(order)}
    return pl.DataFrame(table | dict(zip(order, zip(*cells, strict=True), strict=True)))


def _spearman(a: Vector, b: Vector) -> float:
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 2:
        return math.nan
    return float(spearmanr(a[both], b[both]).statistic)


def measure_correlation(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """How far the measures say the same: Spearman's correlation over the sets."""
    table = measure_correlations(tables["diversity"], tables["shift"])
    cells = table.drop("name", "n").to_numpy()
    size = len(cells)
    figure.set_size_inches(2.6 + 0.36 * size, 2 + 0.36 * size)
    axes = figure.subplots()
    axes.set_facecolor("lightgrey")
    image = axes.imshow(np.ma.masked_invalid(cells), cmap="RdBu", vmin=-1, vmax=1)
    for row, column in np.ndindex(size, size):
        value = cells[row, column]
        shown = "" if math.isnan(value) else f"{value:.1f}"
        colour = "white" if abs(value) > 0.6 else "black"
        axes.text(column, row, shown, ha="center", va="center", fontsize="x-small", color=colour)
    axes.set_xticks(range(size), table["name"], rotation=45, ha="right", fontsize="small")
    axes.set_yticks(range(size), table["name"], fontsize="small")
    few = ": too few to tell chance" if table["n"][0] < 6 else ""
    axes.set_title(f"n = {table['n'][0]} sets{few}", fontsize="small")
    figure.colorbar(image, ax=axes, shrink=0.6, label="Spearman's correlation")
