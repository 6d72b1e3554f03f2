"""The table of fitted surfaces.

One for each downstream model, source of text, form of mixes and number of real rows.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from mixtura.core.sets import ALLOCATED
from mixtura.infer.comparisons import Pair, Study, paired, study_of, units_of
from mixtura.infer.hypotheses.gains import SET, SOURCE, measures_of
from mixtura.infer.metrics import Array, metric_of
from mixtura.infer.parts import mixes_alone
from mixtura.infer.runs import runs_of, test_sets
from mixtura.infer.surface.basis import rows_of
from mixtura.infer.surface.beyond import beyond
from mixtura.infer.surface.fit import FittedSurface, fit_surface
from mixtura.infer.surface.tables import Surface
from mixtura.infer.verdicts import GAIN, TOO_SMALL

SHAPE, NO_SHAPE, ONE_LEVEL = "shape shown", "no shape", "one level"
POINTS = 41  # of the curve over real rows

Row = dict[str, Any]


def surface_table(
    predictions: pl.DataFrame,
    arms: pl.DataFrame,
    diversity: pl.DataFrame,
    metric: str = "accuracy",
    smallest_gain: float = 0.02,
    seed: int = 0,
    level: float = 0.95,
) -> pl.DataFrame:
    """Surfaces of the gain over real data alone, as `mixtura.infer.surface.tables.Surface` says.

    predictions and arms are those of `mixtura.infer.findings.findings`, diversity the panel of the
    sets. The first test set counts; rounds of a loop and mixes without a baseline are left out.
    """
    fits = surfaces(predictions, arms, diversity, metric, seed, level)
    return table_of(fits, smallest_gain)


def surfaces(
    predictions: pl.DataFrame,
    arms: pl.DataFrame,
    diversity: pl.DataFrame,
    metric: str = "accuracy",
    seed: int = 0,
    level: float = 0.95,
) -> Iterator[tuple[Row, "Fit"]]:
    """The surfaces of `surface_table`, each with the columns that say whose it is."""
    if "test" not in predictions.columns:
        predictions = predictions.with_columns(test=pl.lit("test"))
    mixes = mixes_alone(arms).filter(pl.col("baseline").is_not_null() & (pl.col("n_generated") > 0))
    mixes = mixes.unique(["arm", "baseline"], keep="first", maintain_order=True)
    alone = arms.unique("arm").select(baseline="arm", alone="n_real")
    mixes = _measured(mixes.join(alone, on="baseline", maintain_order="left"), diversity)
    mixes = mixes.filter(pl.col("alone") > 0)
    if not mixes.height:
        return
    test = test_sets(predictions)[0]
    used = mixes.select(pl.col("arm", "baseline", "control")).unpivot()["value"].drop_nulls()
    of_mixes = predictions.filter(pl.col("arm").is_in(used.unique().implode()), test=test)
    runs = runs_of(of_mixes, set(metric_of(metric).columns))
    study = study_of(runs, metric_of(metric), level, seed)
    for model in dict.fromkeys(model for _, model in runs):
        trained = [arm for arm, of in runs if of == model]
        keys = [*SOURCE, "form", "axis"]
        of_model = mixes.filter(pl.col("arm").is_in(trained))
        for (*values, _), part in of_model.group_by(*keys, "alone", maintain_order=True):
            scope = {"model": model, "metric": metric, "test": test}
            yield scope | dict(zip(keys, values, strict=True)), _fitted(part, model, study)


def table_of(fits: Iterable[tuple[Row, "Fit"]], smallest_gain: float) -> pl.DataFrame:
    """The table `mixtura.infer.surface.tables.Surface` of fits, each with what it is of."""
    types = Surface.types()
    scoped = [(scope, row) for scope, fit in fits for row in surface_rows(fit)]
    named: dict[tuple[Any, ...], list[Row]] = {}
    for scope, row in scoped:
        if row.get("recommended"):
            named.setdefault(tuple(scope.items()), []).append(row)
    scoped += [
        (dict(scope), row) for scope, rows in named.items() for row in curve(rows, smallest_gain)
    ]
    rows = [scope | row for scope, row in scoped]
    return pl.DataFrame([{name: row.get(name) for name in types} for row in rows], types)


class Fit(NamedTuple):
    """A surface over so many real rows alone and, of the mixes with a control, over that."""

    mixes: pl.DataFrame
    surface: FittedSurface
    controlled: Array  # (K,) whether a mix has a control
    over_control: FittedSurface | None
    replicates: int
    overlap: float = 0.0  # of folds, see `mixtura.infer.runs.Run.overlap`

    @property
    def added(self) -> bool:
        """Whether generated rows come to the real ones of the baseline."""
        return bool(self.mixes["form"][0] == "added")

    @property
    def real(self) -> float:
        """Real rows of what the gains are over."""
        return float(self.mixes["alone"][0])


def _measured(mixes: pl.DataFrame, diversity: pl.DataFrame) -> pl.DataFrame:
    """Mixes with form, axis and diversity: log Vendi's score (q 1) or the first measure, or level.

    The level is that of a source of which a set was not measured.
    """
    named = list(measures_of(diversity)) if diversity.height else []
    vendi = [pair for pair in named if pair[0].startswith("vendi_score (q 1.0)")]
    step = pl.col("level").str.extract(r"(\d+)").cast(pl.Float64)
    measured, axis = pl.lit(None, pl.Float64), pl.lit("level")
    for name, table in (vendi or named)[:1]:
        keys = [*SET, *sorted({"shown"} & set(table.columns) & set(mixes.columns))]
        means = table.group_by(keys).agg(_value=pl.col("value").cast(pl.Float64).mean())
        mixes = mixes.join(means, on=keys, how="left", nulls_equal=True, maintain_order="left")
        value = pl.col("_value").log() if vendi else pl.col("_value")
        known = value.is_not_null() & value.is_finite()
        known = known.all().over(SOURCE)
        measured = pl.when(known).then(value)
        axis = pl.when(known).then(pl.lit(f"log {name}" if vendi else name)).otherwise(axis)
    form = pl.when(pl.col("n_real") == pl.col("alone")).then(pl.lit("added"))
    return mixes.with_columns(
        form=form.otherwise(pl.lit("replaced")),
        axis=axis,
        diversity=pl.coalesce(measured, step, pl.lit(0.0)),
    ).drop("_value", strict=False)


def _fitted(mixes: pl.DataFrame, model: str, study: Study) -> Fit:
    """Fit the mixes of a model and source over their baselines, and over their controls."""
    surface, replicates = _surface(mixes, "baseline", model, study)
    controlled = mixes["control"].is_not_null()
    over_control = None
    if controlled.any():
        over_control, _ = _surface(mixes.filter(controlled), "control", model, study)
    overlap = next((run.overlap for run in study.runs.values()), 0.0)
    return Fit(mixes, surface, controlled.to_numpy(), over_control, replicates, overlap)


def _surface(mixes: pl.DataFrame, role: str, model: str, study: Study) -> tuple[FittedSurface, int]:
    """The surface of the gains over what a role says, and the replicates that it rests on."""
    sets = pl.concat_str(
        [pl.col(n).cast(pl.String) for n in (*SET, "shown") if n in mixes.columns],
        separator="/",
        ignore_nulls=True,
    )
    mixes = mixes.with_columns(set=sets)
    members = [
        paired(Pair(*pair), model, role, study)
        for pair in mixes.select("arm", role, "set").iter_rows()
    ]
    overlap = next((run.overlap for run in study.runs.values()), 0.0)
    units = units_of(members, overlap)
    replicates = sorted({replicate for places, _ in members for replicate, _ in places})
    chosen = np.array(replicates) >= ALLOCATED
    sign = -1 if study.metric.lower else 1
    surface = fit_surface(
        sign * units.means,
        *(mixes[name].to_numpy() for name in ("diversity", "n_generated", "n_real")),
        alone=mixes["alone"].to_numpy(),
        sets=mixes["set"].to_numpy(),
        baselines=mixes[role].to_numpy(),
        influence=sign * units.influence,
        short=units.short,
        overlap=units.overlap,
        chosen=chosen if chosen.any() else None,
        level=study.level,
        seed=study.seed,
    )
    return surface, int((~chosen).sum())


def surface_rows(fit: Fit) -> Iterator[Row]:
    """All rows of one surface."""
    best, region = fit.surface.best()
    yield from _mixes(fit, best)
    yield from _points(fit, best, region)
    yield from _beyond(fit)


def _mixes(fit: Fit, best: Array) -> Iterator[Row]:
    """The tried mixes."""
    surface, draws = fit.surface, fit.surface.posterior.mixes
    top = surface.recommended
    losses = draws[:, [top]] - draws
    ends = surface.interval(losses)
    over = fit.over_control
    place_of = np.cumsum(fit.controlled) - 1
    rows = fit.mixes.select("arm", "level", "n_generated", "diversity", n_real="alone").to_dicts()
    for place, names in enumerate(rows):
        row = names | {
            "kind": "mix",
            "observed": float(surface.observed[place]),
            "gain": float(surface.gains[place]),
            "low": float(surface.ends[0, place]),
            "high": float(surface.ends[1, place]),
            "stands_out": float(surface.posterior.spike[place]),
            "best": bool(best[place]),
            "recommended": bool(place == top),
            "loss": float(losses[:, place].mean()),
            "loss_low": float(ends[0, place]),
            "loss_high": float(ends[1, place]),
            "replicates": fit.replicates,
        }
        if over is not None and fit.controlled[place]:
            of = place_of[place]
            row |= {
                "control_gain": float(over.gains[of]),
                "control_low": float(over.ends[0, of]),
                "control_high": float(over.ends[1, of]),
            }
        if place == top:
            shown = min(row["low"], row.get("control_low", np.inf)) > 0
            row["verdict"] = GAIN if shown else TOO_SMALL
        yield row


def _points(fit: Fit, best: Array, region: Array) -> Iterator[Row]:
    """The optimum of the smooth part, and the points of its grid."""
    surface = fit.surface
    points = surface.grid
    draws = surface.smooth(points)
    gains, ends = draws.mean(axis=0), surface.interval(draws)
    # Of rows in the place of real ones the share is of all rows of a mix.
    total = (fit.mixes["n_real"] + fit.mixes["n_generated"]).mean()
    generated = rows_of(points[:, 1], np.array(fit.real), np.array(total), fit.added)
    many = fit.mixes["n_generated"].to_numpy()[best]
    inside = np.r_[points[region, 0], surface.covariates[best, 0]]
    amounts = np.r_[generated[region], many]
    top = int(np.argmax(gains))
    varied = surface.basis.high[0] > surface.basis.low[0]
    shape = (SHAPE if surface.shape else NO_SHAPE) if varied else ONE_LEVEL
    common = {"n_real": fit.real, "replicates": fit.replicates}

    def point(place: int) -> Row:
        return common | {
            "n_generated": float(generated[place]),
            "diversity": float(points[place, 0]),
            "gain": float(gains[place]),
            "low": float(ends[0, place]),
            "high": float(ends[1, place]),
        }

    yield point(top) | {
        "kind": "peak",
        "diversity_low": float(inside.min()),
        "diversity_high": float(inside.max()),
        "n_generated_low": float(amounts.min()),
        "n_generated_high": float(amounts.max()),
        "verdict": shape,
    }
    for place in range(len(points)):
        yield point(place) | {"kind": "surface", "best": bool(region[place])}


def _beyond(fit: Fit) -> Iterator[Row]:
    """What more rows of the recommended diversity would gain, where a law can be judged."""
    surface = fit.surface
    diversity = surface.covariates[:, 0]
    top = diversity[surface.recommended]
    line = np.flatnonzero(diversity == top)
    rows = fit.mixes["n_generated"].to_numpy()
    line = line[np.argsort(rows[line], kind="stable")]
    law = None
    if fit.added:
        errors = surface.errors[np.ix_(line, line)]
        law = beyond(rows[line], fit.real, surface.observed[line], errors, surface.level)
    if law:
        yield {
            "kind": "beyond",
            "n_real": fit.real,
            "n_generated": law.generated,
            "diversity": float(top),
            "gain": law.gain,
            "low": law.low,
            "high": law.high,
            "law": law.law,
            "law_error": law.error,
            "replicates": fit.replicates,
        }


def curve(named: list[Row], smallest_gain: float) -> Iterator[Row]:
    """The gain of the recommended mixes over real rows, and from where on it is below a size.

    `named` are the rows of these mixes. Between two numbers of real rows the gain and the ends of
    its interval are lines over log(real). The interval of the limit is where those ends go below
    the size: the inversion of a pointwise band, as Fieller 1954 does with a ratio.
    """
    named = sorted(named, key=lambda row: row["n_real"])
    if len(named) < 2:
        return
    tried = np.log([row["n_real"] for row in named])
    at = np.linspace(tried[0], tried[-1], POINTS)
    lines = {
        name: np.interp(at, tried, [row[name] for row in named])
        for name in ("n_generated", "diversity", "gain", "low", "high")
    }
    reals = np.exp(at)
    replicates = min(row["replicates"] for row in named)
    for place, real in enumerate(reals.tolist()):
        yield {
            "kind": "real rows",
            "n_real": real,
            **{name: float(line[place]) for name, line in lines.items()},
            "replicates": replicates,
        }
    few, number, many = (
        _first_below(lines[name], smallest_gain, reals) for name in ("low", "gain", "high")
    )
    yield {
        "kind": "limit",
        "n_real": _finite(number),
        "n_real_low": _finite(few) if few > reals[0] else None,
        "n_real_high": _finite(many),
        "gain": smallest_gain,
        "replicates": replicates,
    }


def _first_below(line: Array, size: float, reals: Array) -> float:
    """From which real rows on a line (points,) stays below a size; infinite: it does not."""
    below = np.logical_and.accumulate((line < size)[::-1]).sum()
    return float(np.append(reals, np.inf)[len(line) - below])


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
