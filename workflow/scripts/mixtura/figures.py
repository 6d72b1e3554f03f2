"""Figures: frames in, matplotlib figures out."""

import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib
import numpy as np
import polars as pl
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from mixtura.prices import arm_costs
from mixtura.stats import rank_agreement, without_loop
from mixtura.words import measure_name

matplotlib.rcParams["svg.hashsalt"] = "mixtura"  # the same picture is the same file
matplotlib.rcParams["svg.fonttype"] = "none"

Tables = dict[str, pl.DataFrame]
MAP_POINTS = 300  # points of one set that the embedding map shows
LOWER = ("self_bleu", "rouge_l_homogenisation", "compression_ratio", "self_repetition")
"""Diversity measures that fall where a set is more diverse."""


def draw(name: str, tables: Tables, style: dict[str, Any]) -> Figure:
    """The figure `name` (a key of FIGURES).

    Tables: findings, diversity, shift, curation and generation; for the embedding map reference and
    generated, with a column embedding, generated also with id, generator, pipeline and level; for
    the curves of a loop collapse. What a loop made is in these curves and in no other figure.
    """
    plain = {key: without_loop(tables[key]) for key in ("findings", "diversity", "shift")}
    tables = {**tables, **plain}
    figure = Figure(figsize=(style["width"], style["height"]), layout="constrained")
    FIGURES[name](figure, tables, style)
    return figure


def score_by_level(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """Score of every mix against the designed level, real data alone as a band."""
    shown = _first_metric(tables["findings"])
    made = shown.filter(pl.col("level").is_not_null())
    levels = sorted(made["level"].unique())
    mixes = [mix for mix, _ in _groups(made, ["design", "n_real", "n_generated"])]
    colours = _colours(style, len(mixes))
    for axes, part in _panels(figure, made, shown, style, "designed diversity level"):
        for place, (design, real, generated) in enumerate(mixes):
            one = part.filter(design=design, n_real=real, n_generated=generated)
            shift = (place - (len(mixes) - 1) / 2) * 0.08
            at = [levels.index(level) + shift for level in one["level"]]
            _points(axes, at, one, colours[place], f"{design}: {real} real + {generated} generated")
        axes.set_xticks(range(len(levels)), levels)
    _legend(figure, axes)


def score_by_share(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """Score against the share of generated rows, one line a level and series of mixes."""
    shown = _first_metric(tables["findings"])
    share = pl.col("n_generated") / (pl.col("n_generated") + pl.col("n_real"))
    real = pl.format("{} {} real", "design", "n_real")  # in mix-fixed the share decides it
    alone = pl.when(n_real=0).then(pl.lit("generated alone")).otherwise(real)
    series = pl.when(design="mix-fixed").then("design").otherwise(alone)
    made = shown.filter(pl.col("level").is_not_null()).with_columns(share=share, series=series)
    several = made["series"].n_unique() > 1
    lines = [line for line, _ in _groups(made, ["level", "series"])]
    levels = sorted(made["level"].unique())
    colours = dict(zip(levels, _colours(style, len(levels)), strict=True))
    kinds = sorted(made["series"].unique())
    marks = dict(zip(kinds, "osD^v<>P*X" * len(kinds), strict=False))
    for axes, part in _panels(figure, made, shown, style, "share of generated rows in the mix"):
        for place, (level, kind) in enumerate(lines):
            one = part.filter(level=level, series=kind).sort("share")
            at = one["share"] + (place - (len(lines) - 1) / 2) * 0.08 / len(lines)
            label = f"{level}, {kind}" if several else level
            _points(axes, at, one, colours[level], label, line=True, mark=marks[kind])
    _legend(figure, axes, columns=len(kinds) if several else len(levels))


def _panels(
    figure: Figure, made: pl.DataFrame, shown: pl.DataFrame, style: dict[str, Any], across: str
) -> Iterator[tuple[Any, pl.DataFrame]]:
    """Axes and rows of every model and source of generated rows, beside that model's baseline."""
    names = ["model", *SOURCE]
    groups = list(_groups(made, names))
    several = [name for name in names if made[name].n_unique() > 1]
    grid = _grid(figure, len(groups), style, sharex=True, sharey=True) if several else None
    for place, (values, part) in enumerate(groups):
        axes = figure.subplots() if grid is None else grid[place]
        told = dict(zip(names, values, strict=True))
        if several:
            axes.set_title(", ".join(told[name] for name in several), fontsize="medium")
        axes.set_xlabel(across)
        axes.label_outer()
        _baseline(axes, shown.filter(model=told["model"]))
        yield axes, part
    figure.supylabel(shown["metric"][0], fontsize="medium")


def diversity_by_level(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """Every diversity measure against the designed level."""
    _by_level(figure, tables["diversity"], style)


def shift_by_level(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """Every shift measure against the designed level; the noise floor is dashed."""
    _by_level(figure, tables["shift"], style)


def _by_level(figure: Figure, table: pl.DataFrame, style: dict[str, Any]) -> None:
    groups = list(_groups(table, ["measure", "settings", "embedder"]))
    grid = _grid(figure, len(groups), style)
    levels = sorted(table["level"].unique())
    sources = list(dict.fromkeys(table.select("generator", "pipeline").iter_rows()))
    colours = _colours(style, len(sources))
    for axes, ((measure, settings, _), part) in zip(grid, groups, strict=False):
        for colour, (generator, pipeline) in zip(colours, sources, strict=True):
            one = part.filter(generator=generator, pipeline=pipeline).sort("level")
            at = [levels.index(level) for level in one["level"]]
            _points(axes, at, one, colour, f"{generator}, {pipeline}", line=True)
        if "floor" in part and part["floor"].drop_nulls().len():
            axes.axhline(part["floor"].mean(), color="grey", linestyle="--", linewidth=1)
        axes.set_title(measure_name(measure, settings), fontsize="medium")
        axes.set_xticks(range(len(levels)), levels)
    if len(sources) > 1:
        _legend(figure, grid[0])


def shift_by_score(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """Score of generated data against its shift from real text; the noise floor is dashed."""
    _by_measure(figure, tables["findings"], tables["shift"], style)


def score_by_diversity(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """Score of generated data against every measured diversity."""
    _by_measure(figure, tables["findings"], tables["diversity"], style)


def _by_measure(
    figure: Figure, findings: pl.DataFrame, table: pl.DataFrame, style: dict[str, Any]
) -> None:
    """The plainest design of the first model against every measure, one panel each."""
    shown = _first_metric(findings)
    model = shown["model"][0]
    made = shown.filter(pl.col("level").is_not_null(), model=model)
    design = "level" if "level" in made["design"].unique() else made["design"][0]
    made = made.filter(design=design).unique("arm", maintain_order=True)
    groups = list(_groups(table, ["measure", "settings", "embedder"]))
    grid = _grid(figure, len(groups), style, sharey=True)
    levels = sorted(made["level"].unique())
    colours = dict(zip(levels, _colours(style, len(levels)), strict=True))
    sources = list(dict.fromkeys(made.select(SOURCE).iter_rows()))
    marks = dict(zip(sources, "osD^v<>P*X" * len(sources), strict=False))
    for axes, ((measure, settings, _), part) in zip(grid, groups, strict=False):
        measured = part.select(*SOURCE, "level", pl.col("value").alias("at"))
        both = made.join(measured, on=[*SOURCE, "level"]).drop_nulls("at")
        for (*source, level), one in _groups(both, [*SOURCE, "level"]):
            where = f"{source[1]} " if len(sources) > 1 else ""
            mark = marks[source[0], source[1]]
            _points(axes, one["at"], one, colours[level], f"{where}{level}", mark=mark)
        if "floor" in part and part["floor"].drop_nulls().len():
            axes.axvline(part["floor"].mean(), color="grey", linestyle="--", linewidth=1)
        axes.set_xlabel(measure_name(measure, settings))
    figure.supylabel(f"{shown['metric'][0]} of {model}, design {design}")
    _legend(figure, grid[0], columns=max(len(levels), 2))


def _grid(figure: Figure, count: int, style: dict[str, Any], **shared: Any) -> Any:
    """Axes in rows of three, four in two rows."""
    columns = 2 if count == 4 else min(3, count)
    lines = -(-count // columns)
    figure.set_size_inches(style["width"] * 1.3, style["height"] * 0.75 * lines)
    grid = figure.subplots(lines, columns, squeeze=False, **shared).ravel()
    for axes in grid[count:]:
        axes.remove()
    return grid


def gain_map(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """Gain over real data alone at every number of real and of generated rows, by level.

    Over the same real rows, where a design compares with them: not over a baseline of more rows.
    """
    shown = _first_metric(tables["findings"])
    alone = shown.filter(design="real-only").select("model", baseline="arm", alone="n_real")
    made = shown.filter(pl.col("level").is_not_null(), pl.col("n_real") > 0).join(
        alone, on=["model", "baseline"], how="left"
    )
    same = made.filter(pl.col("alone") == pl.col("n_real"))
    made = made if same.is_empty() else same
    groups = list(_groups(made.drop_nulls("difference"), ["model", *SOURCE, "level"]))
    reals, amounts = (sorted(made[column].unique()) for column in ("n_real", "n_generated"))
    levels = sorted({level for (*_, level), _ in groups})
    sources = list(dict.fromkeys(tuple(source) for (*source, _), _ in groups))
    figure.set_size_inches(
        style["width"] * 1.3, max(style["height"], 0.4 * style["height"] * len(sources))
    )
    grid = figure.subplots(len(sources), len(levels), squeeze=False, sharex=True, sharey=True)
    for axes in grid.ravel():
        axes.set_facecolor("lightgrey")
    most = max(made["difference"].abs().drop_nulls().to_list(), default=0) or 1.0
    for (model, generator, pipeline, level), part in groups:
        axes = grid[sources.index((model, generator, pipeline)), levels.index(level)]
        cells = np.full((len(reals), len(amounts)), np.nan)
        found = part.group_by("n_real", "n_generated").agg(
            pl.col("difference").mean(), sure=(pl.col("verdict") != "no evidence").any()
        )
        for real, amount, gain, sure in found.iter_rows():
            row, column = reals.index(real), amounts.index(amount)
            cells[row, column] = gain
            told = f"{gain:+.2f}".replace("0.", ".", 1) + ("*" if sure else "")
            dark = "white" if abs(gain) > 0.6 * most else "black"
            size = "x-small" if len(levels) * len(amounts) < 15 else 4.5
            axes.text(column, row, told, ha="center", va="center", fontsize=size, color=dark)
        image = axes.imshow(
            np.ma.masked_invalid(cells), cmap="RdBu", vmin=-most, vmax=most, aspect="auto"
        )
        axes.set_xticks(range(len(amounts)), map(str, amounts), fontsize="small", rotation=90)
        axes.set_yticks(range(len(reals)), map(str, reals))
    for axes, level in zip(grid[0], levels, strict=True):
        axes.set_title(level, fontsize="medium")
    if len(sources) > 1:
        for axes, (model, _, pipeline) in zip(grid[:, 0], sources, strict=True):
            axes.set_ylabel(f"{model}\n{pipeline}", fontsize="small")
    figure.supxlabel("generated rows")
    figure.supylabel("real rows")
    figure.colorbar(image, ax=grid, shrink=0.7, label="gain over real alone")


def size_interaction(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """Gain over real data alone by level, one line a model; mixes of a level are averaged."""
    shown = _first_metric(tables["findings"])
    made = shown.filter(pl.col("level").is_not_null()).drop_nulls("difference")
    designs = list(_groups(made, ["design"]))
    models = list(made["model"].unique(maintain_order=True))
    levels = sorted(made["level"].unique())
    colours = _colours(style, len(models))
    grid = _grid(figure, len(designs), style, sharey=True)
    for axes, ((design,), part) in zip(grid, designs, strict=False):
        for place, (model, colour) in enumerate(zip(models, colours, strict=True)):
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
            _points(axes, at, mean, colour, model, line=True)
        axes.axhline(0, color="grey", linewidth=1)
        axes.set_title(design, fontsize="medium")
        axes.set_xticks(range(len(levels)), levels)
    figure.supylabel(f"gain in {shown['metric'][0]}")
    _legend(figure, grid[0])


def curation_funnel(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """Where the generated rows of every set went: removed at each step, or kept."""
    table = tables["curation"]
    sets = list(_groups(table, [*SOURCE, "level"]))
    steps = list(table.filter(pl.col("removed") > 0)["stage"].unique(maintain_order=True))
    figure.set_size_inches(style["width"], 1.4 + 0.28 * len(sets))
    axes = figure.subplots()
    colours = _colours(style, len(steps))
    several = table.select(SOURCE).n_unique() > 1
    names = []
    for place, ((generator, pipeline, level), part) in enumerate(sets):
        names.append(f"{generator}, {pipeline} {level}" if several else level)
        left = part["rows_out"].min()
        axes.barh(place, left, color="lightgrey", label="kept")
        for step, colour in zip(steps, colours, strict=True):
            gone = part.filter(stage=step)["removed"].sum()
            axes.barh(place, gone, left=left, color=colour, label=f"removed: {step}")
            left += gone
    axes.set_yticks(range(len(sets)), names)
    axes.invert_yaxis()
    axes.set_xlabel("generated rows")
    _legend(figure, axes)


def collapse_curves(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """Every measure against the round, one line a scheme; the noise floor is dashed."""
    table = tables["collapse"]
    metric = table.filter(kind="score")["measure"][0]
    own = pl.col("test").is_null() | (pl.col("test") == "test")
    shown = table.filter(own, (pl.col("kind") != "score") | (pl.col("measure") == metric))
    panels = ["kind", "measure", "settings", "model"]
    groups = list(shown.group_by(panels, maintain_order=True))
    grid = _grid(figure, len(groups), style)
    sources = list(dict.fromkeys(table.select("generator", "scheme").iter_rows()))
    colours = _colours(style, len(sources))
    several = table["generator"].n_unique() > 1
    for axes, ((kind, measure, settings, model), part) in zip(grid, groups, strict=False):
        for place, (generator, scheme) in enumerate(sources):
            one = part.filter(generator=generator, scheme=scheme).sort("round")
            shift = (place - (len(sources) - 1) / 2) * 0.06
            told = f"{generator}, {scheme}" if several else scheme
            _points(axes, one["round"] + shift, one, colours[place], told, line=True)
        if part["floor"].drop_nulls().len():
            axes.axhline(part["floor"].mean(), color="grey", linestyle="--", linewidth=1)
        where = f" of {model}" if kind == "score" else ""
        axes.set_title(f"{measure_name(measure, settings)}{where}", fontsize="medium")
        axes.set_xticks(sorted(table["round"].unique()))
        axes.set_xlabel("round")
    _legend(figure, grid[0], columns=len(sources))


def cost_by_gain(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """Gain over real data alone against what the generated rows cost to write."""
    shown = _first_metric(tables["findings"])
    priced, unit = arm_costs(shown.drop_nulls("difference"), tables["generation"])
    priced = priced.drop_nulls("price")
    axes = figure.subplots()
    levels = sorted(priced["level"].unique())
    colours = dict(zip(levels, _colours(style, len(levels)), strict=True))
    for (level,), part in _groups(priced, ["level"]):
        own = part.select("price", value="difference", low="difference_low", high="difference_high")
        _points(axes, own["price"], own, colours[level], level)
    axes.axhline(0, color="grey", linewidth=1)
    axes.set_xlabel(f"{unit} for the generated rows of a mix")
    axes.set_ylabel(f"gain in {shown['metric'][0]}")
    _legend(figure, axes, columns=max(len(levels), 2))


def level_agreement(diversity: pl.DataFrame, shift: pl.DataFrame) -> pl.DataFrame:
    """Spearman's correlation of every measure with the designed level, in each source of text.

    Columns: kind, name, generator, pipeline, n (levels), rho, low, high. rho is null where the
    measure does not vary or there is one level; low and high are null below 4 levels.
    """
    rows = []
    for kind, table in (("diversity", diversity), ("shift", shift)):
        several = table["embedder"].n_unique() > 1
        for keys, part in _groups(table, ["measure", "settings", "embedder", *SOURCE]):
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


def _agreement(x: np.ndarray, y: np.ndarray) -> tuple[float | None, float | None, float | None]:
    if len(y) < 2 or not np.ptp(y) or not np.ptp(x):
        return None, None, None
    if len(y) < 4:
        return float(spearmanr(x, y).statistic), None, None
    rho, low, high, _ = rank_agreement(x, y[None])
    return rho, low, high


def rank_agreement_figure(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """Spearman's correlation of every measure with the designed level."""
    found = level_agreement(tables["diversity"], tables["shift"])
    names = found.select("kind", "name").unique(maintain_order=True)
    figure.set_size_inches(style["width"], 1.2 + 0.26 * names.height)
    axes = figure.subplots()
    sources = list(dict.fromkeys(found.select(*SOURCE).iter_rows()))
    colours = _colours(style, len(sources))
    places = {row: place for place, row in enumerate(reversed(names.rows()))}
    for number, (colour, source) in enumerate(zip(colours, sources, strict=True)):
        own = found.filter(generator=source[0], pipeline=source[1])
        shift = (number - (len(sources) - 1) / 2) * 0.5 / max(len(sources), 2)
        for row in own.iter_rows(named=True):
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
    axes.set_title(_by_chance(max(found["n"])), fontsize="small")
    if len(sources) > 1:
        _legend(figure, axes)


def _by_chance(n: int) -> str:
    if n < 2:
        return f"n = {n} level: no ranks to compare"
    if n > 6:
        return f"n = {n} levels"
    often = math.factorial(n) // 2
    told = "always gives" if often == 1 else f"gives 1 measure in {often}"
    return f"n = {n} levels: chance alone {told} a perfect correlation (+1 or -1)"


def measure_correlations(diversity: pl.DataFrame, shift: pl.DataFrame) -> pl.DataFrame:
    """Spearman's correlation of every two measures over the sets, one row and column a measure.

    Columns: name, n (sets), one for each measure; NaN where a measure does not vary.
    """
    both = pl.concat([diversity, shift.select(diversity.columns)])
    several = both["embedder"].n_unique() > 1
    wide = {
        measure_name(measure, settings) + (f", {embedder}" if several else ""): part
        for (measure, settings, embedder), part in _groups(
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


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    held = np.isfinite(a) & np.isfinite(b)
    if held.sum() < 2:
        return math.nan
    return float(spearmanr(a[held], b[held]).statistic)


def measure_correlation(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """How far the measures say the same: Spearman's correlation over the sets."""
    found = measure_correlations(tables["diversity"], tables["shift"])
    cells = found.drop("name", "n").to_numpy()
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
    axes.set_xticks(range(size), found["name"], rotation=45, ha="right", fontsize="small")
    axes.set_yticks(range(size), found["name"], fontsize="small")
    few = ": too few to tell chance" if found["n"][0] < 6 else ""
    axes.set_title(f"n = {found['n'][0]} sets{few}", fontsize="small")
    figure.colorbar(image, ax=axes, shrink=0.6, label="Spearman's correlation")


def principal_axes(reference: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean (d,), the two main directions (2, d) and their shares of the variance of (n, d) rows.

    The largest entry of a direction is positive, so that the same rows give the same picture.
    """
    mean = reference.mean(0)
    _, strength, directions = np.linalg.svd(reference - mean, full_matrices=False)
    directions = directions[:2]
    largest = np.abs(directions).argmax(1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    return mean, directions * signs[:, None], strength[:2] ** 2 / (strength**2).sum()


def embedding_map(figure: Figure, tables: Tables, style: dict[str, Any]) -> None:
    """Real text in grey and generated text in colour, on the main directions of real text."""
    real = _unit(tables["reference"])
    mean, directions, shares = principal_axes(real)
    made = tables["generated"]
    groups = list(_groups(made, [*SOURCE, "level"]))
    columns = min(4, len(groups))
    lines = -(-len(groups) // columns)
    figure.set_size_inches(style["width"] * columns / 2.6, style["height"] * 0.72 * lines)
    grid = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).ravel()
    background = (real - mean)[:MAP_POINTS] @ directions.T
    colours = _colours(style, len(groups))
    several = made.select(*SOURCE).n_unique() > 1
    for axes, colour, ((*source, level), part) in zip(grid, colours, groups, strict=False):
        # An id is a hash: its order is no better than chance.
        placed = (_unit(part.sort("id").head(MAP_POINTS)) - mean) @ directions.T
        axes.plot(*background.T, ".", color="lightgrey", markersize=3, label="real")
        axes.plot(*placed.T, ".", color=colour, markersize=3, label=level)
        where = f"{', '.join(source)}, " if several else ""
        axes.set_title(f"{where}{level}", fontsize="medium")
    for axes in grid[len(groups) :]:
        axes.remove()
    figure.supxlabel(f"main direction of real text ({shares[0]:.0%} of its variance)")
    figure.supylabel(f"second direction ({shares[-1]:.0%})")


def _unit(rows: pl.DataFrame) -> np.ndarray:
    vectors: np.ndarray = rows["embedding"].to_numpy().astype(np.float64)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


SOURCE = ("generator", "pipeline")
FIGURES: dict[str, Callable[[Figure, Tables, dict[str, Any]], None]] = {
    "collapse": collapse_curves,
    "score-by-level": score_by_level,
    "score-by-share": score_by_share,
    "score-by-diversity": score_by_diversity,
    "gain-map": gain_map,
    "size-interaction": size_interaction,
    "cost-by-gain": cost_by_gain,
    "shift-by-score": shift_by_score,
    "diversity-by-level": diversity_by_level,
    "shift-by-level": shift_by_level,
    "rank-agreement": rank_agreement_figure,
    "measure-correlation": measure_correlation,
    "embedding-map": embedding_map,
    "curation-funnel": curation_funnel,
}


def _first_metric(findings: pl.DataFrame) -> pl.DataFrame:
    return findings.filter(metric=findings["metric"][0], test=findings["test"][0])


def _groups(frame: pl.DataFrame, keys: list[str]) -> Iterator[Any]:
    yield from frame.sort(*keys).group_by(keys, maintain_order=True)


def _colours(style: dict[str, Any], count: int) -> list[Any]:
    # The palest tenth of a colour map cannot be read on white.
    scale = matplotlib.colormaps[style["colours"]]
    return [scale(0.9 * place / max(count - 1, 1)) for place in range(count)]


def _points(
    axes: Any,
    at: Any,
    part: pl.DataFrame,
    colour: Any,
    label: str,
    line: bool = False,
    mark: str = "o",
) -> None:
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


def _baseline(axes: Any, shown: pl.DataFrame) -> None:
    base = shown.filter(design="real-only")
    for place, row in enumerate(base.iter_rows(named=True)):
        axes.axhspan(row["low"], row["high"], color="grey", alpha=0.15, linewidth=0)
        label = f"{row['n_real']} real alone" if not place else None
        axes.axhline(row["value"], color="grey", linewidth=1, label=label)


def _legend(figure: Figure, axes: Any, columns: int = 2) -> None:
    handles, labels = axes.get_legend_handles_labels()
    kept = dict(zip(labels, handles, strict=True))
    figure.legend(
        kept.values(),
        kept.keys(),
        loc="outside lower center",
        ncols=min(columns, 8),
        fontsize="small",
        frameon=False,
    )
