"""The table of fitted surfaces: one for each downstream model, source of text and form of mixes."""

from collections.abc import Iterator
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
    rows = [scope | row for scope, fit in fits for row in surface_rows(fit, smallest_gain)]
    types = Surface.types()
    return pl.DataFrame([{name: row.get(name) for name in types} for row in rows], types)


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
        for values, part in mixes.filter(pl.col("arm").is_in(trained)).group_by(
            keys, maintain_order=True
        ):
            scope = {"model": model, "metric": metric, "test": test}
            yield scope | dict(zip(keys, values, strict=True)), _fitted(part, model, study)


class Fit(NamedTuple):
    """A surface over real data alone and, of the mixes with a control, over that."""

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


def surface_rows(fit: Fit, smallest_gain: float) -> Iterator[Row]:
    """All rows of one surface."""
    alone = fit.mixes["alone"].to_numpy()
    for real in np.unique(alone):
        here = alone == real
        best, region = fit.surface.best(here)
        yield from _mixes(fit, here, best)
        yield from _points(fit, float(real), here, best, region)
        yield from _beyond(fit, float(real), here)
    yield from _curve(fit, smallest_gain)


def _mixes(fit: Fit, here: Array, best: Array) -> Iterator[Row]:
    """The tried mixes with the same real rows."""
    surface, draws = fit.surface, fit.surface.posterior.mixes
    top = surface.recommended(here)
    losses = draws[:, [top]] - draws
    ends = surface.interval(losses)
    over = fit.over_control
    place_of = np.cumsum(fit.controlled) - 1
    rows = fit.mixes.select("arm", "level", "n_generated", "diversity", n_real="alone").to_dicts()
    for place in np.flatnonzero(here):
        row = rows[place] | {
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


def _points(fit: Fit, real: float, here: Array, best: Array, region: Array) -> Iterator[Row]:
    """The optimum of the smooth part at a number of real rows, and the points of its grid."""
    surface = fit.surface
    points = surface.grid(here)
    draws = surface.smooth(points)
    gains, ends = draws.mean(axis=0), surface.interval(draws)
    # Of rows in the place of real ones the share is of the mixes with these real rows.
    labelled = fit.mixes["n_real"].to_numpy()[here]
    total = (labelled + fit.mixes["n_generated"].to_numpy()[here]).mean()
    generated = rows_of(points[:, 1], np.array(real), np.array(total), fit.added)
    many = fit.mixes["n_generated"].to_numpy()[best]
    inside = np.r_[points[region, 0], surface.covariates[best, 0]]
    amounts = np.r_[generated[region], many]
    top = int(np.argmax(gains))
    varied = surface.basis.high[0] > surface.basis.low[0]
    shape = (SHAPE if surface.shape else NO_SHAPE) if varied else ONE_LEVEL
    common = {"n_real": real, "replicates": fit.replicates}

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


def _beyond(fit: Fit, real: float, here: Array) -> Iterator[Row]:
    """What more rows of the recommended diversity would gain, where a law can be judged."""
    surface = fit.surface
    top = surface.covariates[surface.recommended(here), 0]
    line = np.flatnonzero(here & (surface.covariates[:, 0] == top))
    rows = fit.mixes["n_generated"].to_numpy()
    line = line[np.argsort(rows[line], kind="stable")]
    law = None
    if fit.added:
        errors = surface.errors[np.ix_(line, line)]
        law = beyond(rows[line], real, surface.observed[line], errors, surface.level)
    if law:
        yield {
            "kind": "beyond",
            "n_real": real,
            "n_generated": law.generated,
            "diversity": float(top),
            "gain": law.gain,
            "low": law.low,
            "high": law.high,
            "law": law.law,
            "law_error": law.error,
            "replicates": fit.replicates,
        }


def _curve(fit: Fit, smallest_gain: float) -> Iterator[Row]:
    """The gain over real rows along what is recommended, and from where on it is below a size."""
    surface = fit.surface
    low, high = surface.basis.low[2], surface.basis.high[2]
    if high <= low:
        return
    tried = surface.covariates[:, 2]
    tops = [surface.recommended(tried == here) for here in np.unique(tried)]
    at = np.linspace(low, high, POINTS)
    points = np.column_stack(
        [*(np.interp(at, tried[tops], surface.covariates[tops, k]) for k in (0, 1)), at]
    )
    draws = surface.smooth(points)
    gains, ends = draws.mean(axis=0), surface.interval(draws)
    reals = np.exp(points[:, 2])
    generated = rows_of(points[:, 1], reals, reals, fit.added)
    for place, real in enumerate(reals.tolist()):
        yield {
            "kind": "real rows",
            "n_real": real,
            "n_generated": float(generated[place]),
            "diversity": float(points[place, 0]),
            "gain": float(gains[place]),
            "low": float(ends[0, place]),
            "high": float(ends[1, place]),
            "replicates": fit.replicates,
        }
    number = _first_below(gains[None], smallest_gain, reals)[0]
    few, many = np.quantile(
        _first_below(draws, smallest_gain, reals), surface.tails, method="inverted_cdf"
    )
    yield {
        "kind": "limit",
        "n_real": _finite(number),
        "n_real_low": _finite(few) if few > reals[0] else None,
        "n_real_high": _finite(many),
        "gain": smallest_gain,
        "replicates": fit.replicates,
    }


def _first_below(curves: Array, size: float, reals: Array) -> Array:
    """From which real rows on curves (draws, points) stay below a size; infinite: they do not."""
    held = np.logical_and.accumulate((curves < size)[:, ::-1], axis=1)
    below = held.sum(axis=1)
    return np.asarray(np.append(reals, np.inf)[curves.shape[1] - below])


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
