"""What the study was made to find out: its hypotheses, tested on its own tables.

docs/statistics.md says what each hypothesis is and how it is tested. Mixes of one set (generator,
pipeline, level) share its rows, so they are averaged first: sets are the unit of evidence.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from mixtura.stats import (
    METRICS,
    Array,
    Difference,
    holm,
    interaction,
    inverted_u,
    mediation,
    minimum_detectable_effect,
    once,
    rank_agreement,
    trend,
    without_loop,
)
from mixtura.words import interval, measure_name

QUESTIONS = {
    "H1": "Does the score rise and then fall with diversity?",
    "H2": "Does the effect of the level depend on the size of the model?",
    "H3": "Does the drop at high levels go through the shift from real text?",
    "H4": "Does the gain shrink as real labels get more?",
    "H5": "Does the best share of generated rows move with the level?",
    "measures": "Which measure orders the sets as the score does?",
    "power": "What could this study have seen?",
}
HYPOTHESES = {
    "hypothesis": pl.String,  # key of QUESTIONS
    "family": pl.String,  # p_holm corrects over the rows of a family, metric and test set
    "model": pl.String,  # null where models are compared
    "metric": pl.String,
    "test": pl.String,
    "design": pl.String,
    "rows": pl.String,  # which mixes, such as "64 real"
    "source": pl.String,  # generator and pipeline, or all
    "x": pl.String,  # what the score is set against
    "method": pl.String,
    "quantity": pl.String,  # what `estimate` is
    "n": pl.Int64,  # sets or cells that the test rests on
    "seeds": pl.Int64,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_value": pl.Float64,
    "p_holm": pl.Float64,
    "verdict": pl.String,
    "detail": pl.String,
}
NOT_TESTABLE = "not testable"
UNIT = ("model", "metric", "test")
SOURCE = ("generator", "pipeline")
SHOWN = 6  # tests that a text names
Row = dict[str, Any]


class _Cells(NamedTuple):
    """Places that scores are averaged in: their columns, and scores (seeds, cells)."""

    at: pl.DataFrame
    y: Array

    def column(self, name: str) -> Array:
        return self.at[name].to_numpy()


def hypotheses(
    scores: pl.DataFrame,
    diversity: pl.DataFrame,
    shift: pl.DataFrame,
    found: pl.DataFrame,
    sizes: dict[str, int] | None = None,
    level: float = 0.95,
) -> pl.DataFrame:
    """Test every hypothesis on every model, metric, test set and design: columns of HYPOTHESES.

    scores has a row for each run, with arm, design, generator, pipeline, level, n_real,
    n_generated, baseline, model, seed, metric, value and perhaps test; diversity and shift are the
    tables of the panels; found comes from `mixtura.stats.findings`; sizes gives each model's
    parameters. A question that the study cannot ask gets one row that says what it lacks.
    p_holm corrects over a family; verdict is "supported", "opposite", "no evidence" or
    NOT_TESTABLE, and null for what is not tested. A metric that is better when lower enters with
    its sign turned. Mixes of a loop are left out: their levels are rounds.
    """
    runs = _prepared(without_loop(scores))
    made = runs.filter(pl.col("level").is_not_null())
    rows: list[Row] = []
    for keys, part in _by(made, [*UNIT, "design", "rows"]):
        about = dict(zip([*UNIT, "design", "rows"], keys, strict=True))
        rows += [about | row for row in _shape(part, diversity)]
        rows += [about | row for row in _through_shift(part, shift)]
        rows += [about | row for row in _orders(part, diversity, shift)]
    for keys, part in _by(made, ["metric", "test", "design", "rows"]):
        about = dict(zip(["metric", "test", "design", "rows"], keys, strict=True))
        rows += [about | row for row in _size(part, sizes or {})]
    for keys, part in _by(made.filter(pl.col("n_real") > 0), [*UNIT, "design"]):
        about = dict(zip([*UNIT, "design"], keys, strict=True))
        rows += [about | row for row in _labels(part, runs)]
        for (mixes,), mixed in _by(part, ["rows"]):
            rows += [about | {"rows": mixes} | row for row in _share(mixed)]
    rows += _power(found)
    return _judged(
        pl.DataFrame([{key: row.get(key) for key in HYPOTHESES} for row in rows], HYPOTHESES),
        1 - level,
    )


def _prepared(scores: pl.DataFrame) -> pl.DataFrame:
    if "test" not in scores.columns:
        scores = scores.with_columns(test=pl.lit("test"))
    real, made = pl.col("n_real"), pl.col("n_generated")
    mixes = (
        pl.when(pl.col("design") == "mix-fixed")
        .then(pl.format("{} in all", real + made))
        .when(real == 0)
        .then(pl.lit("generated alone"))
        .otherwise(pl.format("{} real", real))
    )
    lower = [name for name, metric in METRICS.items() if metric.lower]
    sign = pl.when(pl.col("metric").is_in(lower)).then(-1).otherwise(1)
    return scores.with_columns(
        value=pl.col("value") * sign,
        rows=mixes,
        share=made / (made + real),
        step=pl.col("level").str.strip_prefix("D").cast(pl.Float64),
    )


def _by(frame: pl.DataFrame, keys: list[str]) -> Iterator[tuple[tuple[Any, ...], pl.DataFrame]]:
    yield from frame.group_by(keys, maintain_order=True)


def _cells(runs: pl.DataFrame, by: list[str]) -> _Cells:
    """Mean scores per cell and seed, of the cells that have every seed."""
    wide = (
        runs.unique([*by, "arm", "seed"])
        .group_by(*by, "seed")
        .agg(pl.col("value").mean())
        .pivot(on="seed", index=by, values="value")
        .drop_nulls()
        .sort(by)
    )
    return _Cells(wide.select(by), wide.drop(by).to_numpy().T)


def _with_measure(cells: _Cells, table: pl.DataFrame) -> _Cells:
    """The cells whose set has this measure, with a column x."""
    wide = cells.at.with_row_index("place").join(
        table.select(*SOURCE, "level", x=pl.col("value").cast(pl.Float64)),
        on=[*SOURCE, "level"],
        maintain_order="left",
    )
    wide = wide.filter(pl.col("x").is_finite())
    return _Cells(wide, cells.y[:, wide["place"].to_numpy()])


def _measures(table: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    several = table["embedder"].n_unique() > 1
    for (measure, settings, embedder), part in _by(table, ["measure", "settings", "embedder"]):
        yield measure_name(measure, settings) + (f", {embedder}" if several else ""), part


def _sources(cells: _Cells) -> Array:
    return np.array([" ".join(row) for row in cells.at.select(SOURCE).iter_rows()])


def _row(hypothesis: str, cells: _Cells | None, **more: Any) -> Row:
    row: Row = {"hypothesis": hypothesis, "family": hypothesis}
    if cells is not None:
        row |= {"n": cells.y.shape[1], "seeds": cells.y.shape[0]}
        if set(SOURCE) <= set(cells.at.columns):
            sources = dict.fromkeys(_sources(cells))
            row["source"] = next(iter(sources)) if len(sources) == 1 else "all"
    return row | more


def _tested(result: Difference, quantity: str, expected: int = 0) -> Row:
    """What a test gives; expected is the sign that the hypothesis names, 0 for either."""
    value, low, high, p = (None if math.isnan(v) else v for v in result)
    verdict = "opposite" if value is not None and value * expected < 0 else "supported"
    return {
        **{"quantity": quantity, "estimate": value, "low": low, "high": high},
        **{"p_value": p, "verdict": verdict},
    }


def _lacking(
    hypothesis: str, cells: _Cells | None, need: str, has: Any, where: str = "", **more: Any
) -> Row:
    detail = f"needs {need}, has {has}" + (f" ({where})" if where else "")
    return _row(hypothesis, cells, verdict=NOT_TESTABLE, detail=detail, **more)


def _shape(runs: pl.DataFrame, diversity: pl.DataFrame) -> Iterator[Row]:
    """H1, on the designed level (each source, and all) and on every measured diversity."""
    cells = _cells(runs, [*SOURCE, "level", "step"])
    levels = cells.at["level"].n_unique()
    if levels < 5:
        yield _lacking("H1", cells, "5 levels or more", levels, x="level", family="H1 level")
    else:
        scopes = [cells]
        sources = _sources(cells)
        if len(names := np.unique(sources)) > 1:
            scopes += [
                _Cells(cells.at.filter(sources == name), cells.y[:, sources == name])
                for name in names
            ]
        for scope in scopes:
            family = "H1 level" if scope is cells else "H1 level, one source"
            yield from _bends(scope, "step", "level", family)
    for name, table in _measures(diversity):
        measured = _with_measure(cells, table)
        if measured.at["x"].n_unique() >= 5:
            yield from _bends(measured, "x", name, "H1 diversity")


def _bends(cells: _Cells, column: str, x: str, family: str) -> Iterator[Row]:
    if cells.at[column].n_unique() < 5 or cells.y.shape[1] - len(np.unique(_sources(cells))) < 4:
        yield _lacking("H1", cells, "5 levels of a source", cells.y.shape[1], x=x, family=family)
        return
    bend = inverted_u(cells.column(column), cells.y, _sources(cells))
    peak = None if math.isnan(bend.peak) else bend.peak
    bounds = [None if math.isnan(at) else at for at in (bend.peak_low, bend.peak_high)]
    detail = "bends down" if bend.curvature < 0 else "does not bend down"
    yield _row(
        "H1",
        cells,
        **{"family": f"{family}, Lind-Mehlum", "x": x, "method": "Lind-Mehlum", "quantity": "peak"},
        **{"estimate": peak, "low": bounds[0], "high": bounds[1], "p_value": bend.p_value},
        **{"verdict": "supported", "detail": f"{detail}, curvature {bend.curvature:.2g}"},
    )
    yield _row(
        "H1",
        cells,
        **{"family": f"{family}, two lines", "x": x, "method": "two lines", "quantity": "break"},
        **{"estimate": bend.breakpoint, "p_value": bend.two_lines_p_value, "verdict": "supported"},
    )


def _size(runs: pl.DataFrame, sizes: dict[str, int]) -> Iterator[Row]:
    """H2: the slope of the score on the level, against the logarithm of the model's parameters."""
    known = runs.filter(pl.col("model").is_in(list(sizes)))
    cells = _cells(known, ["model", "step"])
    models = {sizes[name] for name in cells.at["model"]}
    if len(models) < 2:
        yield _lacking("H2", cells, "2 sizes of model or more", len(models), x="level x size")
        return
    if cells.at["step"].n_unique() < 3:
        yield _lacking("H2", cells, "3 levels or more", cells.at["step"].n_unique())
        return
    size = np.log10([sizes[name] for name in cells.at["model"]])
    result = interaction(cells.column("step"), size, cells.y)
    told = _tested(result, "change of the slope per level, for ten times the parameters")
    yield _row("H2", cells, x="level x size", method="interaction", **told)


def _through_shift(runs: pl.DataFrame, shift: pl.DataFrame) -> Iterator[Row]:
    """H3: the level's effect with and without each shift as a covariate, all and upper levels."""
    cells = _cells(runs, [*SOURCE, "level", "step"])
    steps = cells.column("step")
    middle = np.median(np.unique(steps))
    upper = _Cells(cells.at.filter(steps >= middle), cells.y[:, steps >= middle])
    scopes = {"all levels": cells, f"D{math.ceil(middle)} and up": upper}
    for where, scope in scopes.items():
        about: Row = {"family": f"H3 {where}", "x": "level", "detail": where}
        need = max(len(np.unique(_sources(scope))) + 3, 5)
        height = scope.at["step"].n_unique()
        if scope.y.shape[1] < need or height < 3:
            has = f"{scope.y.shape[1]} of {height}"
            yield about | _lacking("H3", scope, f"{need} sets of 3 levels or more", has, where)
            continue
        for name, table in _measures(shift):
            known = _with_measure(scope, table)
            about["x"] = f"level through {name}"
            try:
                total, direct, through = mediation(
                    known.column("step"), known.column("x"), known.y, _sources(known)
                )
            except ValueError as error:  # a shift that is constant, or moves with the level exactly
                yield _row("H3", known) | about | {"verdict": NOT_TESTABLE, "detail": str(error)}
                continue
            for method, result in (("all of it", total), ("with the shift held", direct)):
                told = _tested(result, "slope per level") | {"verdict": None}
                yield _row("H3", known, method=method) | about | told
            told = _tested(through, "slope per level through the shift", -1)
            yield _row("H3", known, method="mediation") | about | told


def _labels(runs: pl.DataFrame, all_runs: pl.DataFrame) -> Iterator[Row]:
    """H4: the gain over real data alone, and the slope on the level, against real labels."""
    keys = [*UNIT, "seed"]
    base = all_runs.unique(["arm", *keys]).select(
        *keys, pl.col("arm").alias("baseline"), pl.col("value").alias("alone")
    )
    gains = runs.join(base, on=[*keys, "baseline"]).with_columns(
        value=pl.col("value") - pl.col("alone")
    )
    cells = _cells(gains, ["n_real"])
    count = cells.at.height
    if count < 3:
        yield _lacking("H4", cells, "3 numbers of real rows or more", count, x="real rows")
    else:
        result = trend(np.log10(cells.column("n_real")), cells.y)
        told = _tested(result, "change of the gain for ten times the real rows", -1)
        yield _row("H4", cells, x="real rows", method="trend", **told)
    cells = _cells(runs, ["step", "n_real"])
    if count < 2 or cells.at["step"].n_unique() < 3:
        return
    result = interaction(cells.column("step"), np.log10(cells.column("n_real")), cells.y)
    told = _tested(result, "change of the slope per level, for ten times the real rows")
    yield _row("H4", cells, x="level x real rows", method="interaction", **told)


def _share(runs: pl.DataFrame) -> Iterator[Row]:
    """H5: the slope of the score on the share, against the level."""
    cells = _cells(runs.filter(pl.col("share") > 0), ["step", "share"])
    shares, steps = cells.at["share"].n_unique(), cells.at["step"].n_unique()
    if shares < 2 or steps < 3:
        has = f"{shares} and {steps}"
        yield _lacking("H5", cells, "2 shares of 3 levels or more", has, x="share x level")
        return
    mean = cells.at.with_columns(value=cells.y.mean(axis=0))
    best = mean.sort("value", descending=True).unique("step", keep="first", maintain_order=True)
    listed = best.sort("step").select("step", "share").iter_rows()
    detail = "best share seen: " + ", ".join(f"D{step:g} {share:.0%}" for step, share in listed)
    try:
        result = interaction(cells.column("step"), cells.column("share"), cells.y)
    except ValueError as error:
        yield _row("H5", cells, x="share x level", verdict=NOT_TESTABLE, detail=str(error))
        return
    told = _tested(result, "change of the slope on the share, per level")
    yield _row("H5", cells, x="share x level", method="interaction", detail=detail, **told)


def _orders(runs: pl.DataFrame, diversity: pl.DataFrame, shift: pl.DataFrame) -> Iterator[Row]:
    cells = _cells(runs, [*SOURCE, "level"])
    if cells.y.shape[1] < 4:
        yield _lacking("measures", cells, "4 sets or more", cells.y.shape[1])
        return
    for kind, panel in (("diversity", diversity), ("shift", shift)):
        for name, table in _measures(panel):
            known = _with_measure(cells, table)
            if known.y.shape[1] < 4:
                continue
            result = rank_agreement(known.column("x"), known.y)
            told = _tested(result, "Spearman's correlation")
            if told["estimate"] is None:
                told |= {"verdict": NOT_TESTABLE, "detail": "does not vary"}
            family = f"measures of {kind}"
            yield _row("measures", known, family=family, x=name, method="Spearman", **told)


def _power(found: pl.DataFrame) -> Iterator[Row]:
    """The smallest true difference to real data alone that a study like this finds in 80 %."""
    found = once(found)
    compared = found.filter(pl.col("difference").is_not_null())
    for keys, part in _by(compared, list(UNIT)):
        family = found.filter(pl.col("p_value").is_not_null(), metric=keys[1], test=keys[2]).height
        about = dict(zip(UNIT, keys, strict=True))
        about |= {"n": part["n"][0], "seeds": part["seeds"].min()}
        known = part.filter(pl.col("seed_sd") + pl.col("item_sd") > 0)
        if about["seeds"] < 2 or known.is_empty():
            yield _lacking("power", None, "2 seeds or more that differ", about["seeds"], **about)
            continue
        # Variances are what adds, so their root mean square stands for all.
        spreads = pl.col("seed_sd", "item_sd").pow(2).mean().sqrt()
        seed_sd, item_sd, lent = known.select(spreads, pl.col("lent").median()).row(0)
        design = (about["seeds"], about["n"], seed_sd, item_sd)
        low, high = METRICS[keys[1]].bounds
        for count in dict.fromkeys((1, family)):
            least = minimum_detectable_effect(*design, count, lent=lent)
            told = "1 comparison" if count == 1 else f"{count} comparisons, Holm's first step"
            yield _row("power", None, **about, method="80 % power", x=told) | {
                "quantity": "smallest difference that is found",
                "estimate": least,
                "detail": None
                if least < high - low
                else "more than scores can differ by: add seeds",
            }


def _judged(frame: pl.DataFrame, alpha: float) -> pl.DataFrame:
    """Correct each family, and keep the verdict of what passes."""
    tested = pl.col("p_value").is_not_null() & pl.col("verdict").is_not_null()
    corrected = (
        pl.when(tested)
        .then("p_value")
        .map_batches(
            lambda p: pl.Series(holm(p.fill_null(np.nan).to_numpy())), return_dtype=pl.Float64
        )
    )
    return frame.with_columns(
        p_holm=corrected.over("family", "metric", "test").fill_nan(None)
    ).with_columns(
        verdict=pl.when(~tested | (pl.col("p_holm") < alpha))
        .then("verdict")
        .otherwise(pl.lit("no evidence"))
    )


def summary(table: pl.DataFrame) -> list[tuple[str, str]]:
    """(question, answer in words) of every hypothesis, on the first metric and test set.

    table comes from `hypotheses`. Tests that passed are told one by one, the rest is counted.
    """
    if table.is_empty():
        return []
    first = table.row(0, named=True)
    shown = table.filter(metric=first["metric"], test=first["test"])
    return [
        (question, _told(part))
        for key, question in QUESTIONS.items()
        if not (part := shown.filter(hypothesis=key)).is_empty()
    ]


def _told(part: pl.DataFrame) -> str:
    if part["hypothesis"][0] == "power":
        return " ".join(_told_power(row) for row in part.iter_rows(named=True))
    tested = part.filter(pl.col("p_holm").is_not_null())
    missing = part.filter(verdict=NOT_TESTABLE)
    passed = tested.filter(pl.col("verdict") != "no evidence").sort("p_holm")
    told = []
    if tested.height:
        told.append(f"Shown in {passed.height} of {tested.height} tests after Holm's correction.")
        told += [_told_test(row) for row in passed.head(SHOWN).iter_rows(named=True)]
        if passed.height > SHOWN:
            told.append(f"{passed.height - SHOWN} more are in tables/hypotheses.parquet.")
    if missing.height:
        reasons = missing["detail"].unique(maintain_order=True).head(SHOWN)
        told.append(f"Not testable: {'; '.join(reasons)}.")
    return " ".join(told)


def _told_test(row: Row) -> str:
    where = ", ".join(row[key] for key in ("x", "design", "rows", "source", "model") if row[key])
    value = interval(row["estimate"], row["low"], row["high"])
    opposite = "the opposite, " if row["verdict"] == "opposite" else ""
    return (
        f"{where}: {opposite}{row['quantity']} {value} "
        f"({row['method']}, n = {row['n']}, p = {row['p_holm']:.2g})."
    )


def _told_power(row: Row) -> str:
    if row["estimate"] is None:
        return f"{row['model']}: {row['detail']}."
    least = f"{row['estimate']:.3f}" if row["detail"] is None else row["detail"]
    return f"{row['model']}, {row['x']}: {row['quantity']} in 80 of 100 such studies: {least}."
