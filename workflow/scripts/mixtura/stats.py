"""Honest statistics of a study: intervals, paired differences and their correction.

Every score is a metric of one fine-tuned model (one seed) on one test set. Two things make it
uncertain: another seed would have drawn other real rows and another training, and another test
set would have held other items. All intervals here count both. docs/statistics.md explains each
test in words and gives its simulated error rates.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests

Array = NDArray[Any]


class Interval(NamedTuple):
    """A value and the bounds of its interval, in the metric's unit."""

    value: float
    low: float
    high: float


class Difference(NamedTuple):
    """Arm minus baseline with interval, in the metric's unit, and the two-sided p-value."""

    difference: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Metric:
    """A score that is a function of sums over test items, so that resampling is one product.

    `parts(gold (items,), predicted (seeds, items))` gives (seeds, items, k): what each item adds;
    `value(sums (..., k))` gives (...): the score of these sums. `bounds` are its lowest and
    highest possible value.
    """

    parts: Callable[[Array, Array], Array]
    value: Callable[[Array], Array]
    bounds: tuple[float, float] = (0.0, 1.0)


def _accuracy_parts(gold: Array, predicted: Array) -> Array:
    right = predicted == gold
    return np.stack([right, np.ones_like(right)], axis=-1)


def _f1_parts(gold: Array, predicted: Array) -> Array:
    labels = np.unique(gold)
    is_gold = np.broadcast_to((gold[:, None] == labels)[None], (*predicted.shape, len(labels)))
    is_predicted = predicted[..., None] == labels
    return np.concatenate([is_gold & is_predicted, is_gold, is_predicted], axis=-1)


def _f1_value(sums: Array) -> Array:
    hits, gold, predicted = np.split(sums, 3, axis=-1)
    present = gold > 0  # a resample can lose a rare label; it then says nothing about it
    f1 = 2 * hits / np.maximum(gold + predicted, 1)
    return np.where(present, f1, 0).sum(-1) / np.maximum(present.sum(-1), 1)


METRICS = {
    "accuracy": Metric(_accuracy_parts, lambda sums: sums[..., 0] / sums[..., 1]),
    "macro_f1": Metric(_f1_parts, _f1_value),
}


def _metric(metric: str | Metric) -> Metric:
    if isinstance(metric, Metric):
        return metric
    if metric not in METRICS:
        raise ValueError(f"metric {metric!r} is unknown; allowed: {', '.join(sorted(METRICS))}")
    return METRICS[metric]


def _checked(gold: ArrayLike, predicted: ArrayLike) -> tuple[Array, Array]:
    gold, predicted = np.asarray(gold), np.atleast_2d(np.asarray(predicted))
    if gold.ndim != 1 or predicted.ndim != 2 or predicted.shape[1] != gold.size:
        raise ValueError(
            f"gold must be (items,) and predicted (seeds, items), "
            f"not {gold.shape} and {predicted.shape}"
        )
    if gold.size < 2 or not len(predicted):
        raise ValueError(f"needs 2 items and 1 seed or more, not {predicted.shape[::-1]}")
    return gold, predicted


@lru_cache(maxsize=2)
def _resampled(items: int, resamples: int, seed: int) -> Array:
    """How often each item is drawn in each bootstrap resample, (resamples, items)."""
    if resamples < 2:
        raise ValueError(f"resamples must be 2 or more, not {resamples}")
    rng = np.random.default_rng(seed)
    draws = rng.integers(items, size=(resamples, items)) + items * np.arange(resamples)[:, None]
    counts = np.bincount(draws.ravel(), minlength=resamples * items)
    return counts.reshape(resamples, items).astype(np.float32)


def _scores(
    gold: Array, predicted: Array, metric: Metric, resamples: int, seed: int
) -> tuple[Array, Array]:
    """Score per seed (seeds,) and the same on resampled items (seeds, resamples)."""
    parts = metric.parts(gold, predicted).astype(np.float32)
    seeds, items, k = parts.shape
    flat = parts.transpose(1, 0, 2).reshape(items, seeds * k)
    sums = (_resampled(items, resamples, seed) @ flat).reshape(resamples, seeds, k)
    return metric.value(parts.sum(axis=1, dtype=float)), metric.value(sums.astype(float)).T


class _Spread(NamedTuple):
    """What one score or difference rests on, before it becomes an interval."""

    value: float  # mean over seeds
    between: float  # variance of one seed's value around that mean; nan with one seed
    shared: float  # variance of the mean that comes from the test items
    seeds: int
    items: int


def _spread(scores: Array, resampled: Array, items: int) -> _Spread:
    seeds = len(scores)
    covariance = np.atleast_2d(np.cov(resampled))
    if seeds == 1:
        return _Spread(float(scores[0]), np.nan, float(covariance[0, 0]), 1, items)
    # The diagonal also holds each seed's own noise on the items, which `between` has already.
    off_diagonal = (covariance.sum() - np.trace(covariance)) / (seeds * (seeds - 1))
    shared = max(float(off_diagonal), 0.0)
    return _Spread(float(scores.mean()), float(scores.var(ddof=1)), shared, seeds, items)


def _error(spread: _Spread) -> tuple[float, float]:
    """Standard error of the mean over seeds and its degrees of freedom (Satterthwaite 1946)."""
    if spread.seeds == 1:
        return float(np.sqrt(spread.shared)), spread.items - 1
    between, freedom = spread.between / spread.seeds, spread.seeds - 1
    variance = between + spread.shared
    if variance == 0:
        return 0.0, freedom
    parts = between**2 / freedom + spread.shared**2 / (spread.items - 1)
    return float(np.sqrt(variance)), variance**2 / parts


def _margin(spread: _Spread, level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    error, freedom = _error(spread)
    if error == 0:  # nothing varied: the bound of a binomial count of 0 (Clopper and Pearson 1934)
        return float(1 - ((1 - level) / 2) ** (1 / spread.items))
    return float(stats.t.ppf((1 + level) / 2, freedom) * error)


def score_interval(
    gold: ArrayLike,
    predicted: ArrayLike,
    metric: str | Metric = "accuracy",
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Mean score over seeds and its interval, for new seeds and new test items.

    gold is (items,), predicted (seeds, items). Test items are resampled (bootstrap, the same
    draws for every seed); the seeds' own spread enters with a t quantile, because 3 to 5 seeds
    are too few to resample. With one seed the interval is for new items alone: it cannot
    know what another seed would give. Raises ValueError for shapes that do not match.

    Source: hierarchical bootstrap, Davison and Hinkley 1997 section 3.8; variance of a mean over
    crossed random seeds and items and its degrees of freedom, Satterthwaite 1946.
    """
    gold, predicted = _checked(gold, predicted)
    metric = _metric(metric)
    spread = _spread(*_scores(gold, predicted, metric, resamples, seed), gold.size)
    return _score(spread, metric, level)


def _score(spread: _Spread, metric: Metric, level: float) -> Interval:
    margin = _margin(spread, level)
    low, high = np.clip([spread.value - margin, spread.value + margin], *metric.bounds)
    return Interval(spread.value, float(low), float(high))


def paired_difference(
    gold: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    metric: str | Metric = "accuracy",
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Difference:
    """Expected score of a minus b over new seeds and new test items, with interval and p-value.

    gold is (items,); a and b are (seeds, items), row s of both from the same seed. Seeds and items
    are paired: what both arms share, such as an easy draw of real rows or a hard item, cancels.
    variance = s^2 / seeds + c, with s^2 the variance of the seeds' differences and c the covariance
    between two seeds' differences under resampling of the items; t quantiles with Satterthwaite's
    degrees of freedom. With one seed interval and p-value are nan: chance in
    training cannot be told from an effect. Raises ValueError for shapes that do not match.

    Source: as `score_interval`, applied to differences.
    """
    gold, a = _checked(gold, a)
    gold, b = _checked(gold, b)
    if a.shape != b.shape:
        raise ValueError(f"a and b must have the same seeds and items, not {a.shape}, {b.shape}")
    metric = _metric(metric)
    (scores_a, resampled_a), (scores_b, resampled_b) = (
        _scores(gold, arm, metric, resamples, seed) for arm in (a, b)
    )
    spread = _spread(scores_a - scores_b, resampled_a - resampled_b, gold.size)
    return _difference(spread, metric, level)


def _difference(spread: _Spread, metric: Metric, level: float) -> Difference:
    if spread.seeds == 1:
        return Difference(spread.value, np.nan, np.nan, np.nan)
    margin, widest = _margin(spread, level), metric.bounds[1] - metric.bounds[0]
    low, high = np.clip([spread.value - margin, spread.value + margin], -widest, widest)
    error, freedom = _error(spread)
    if error == 0:
        p = float(spread.value == 0)
    else:
        p = float(2 * stats.t.sf(abs(spread.value) / error, freedom))
    return Difference(spread.value, float(low), float(high), p)


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Holm-adjusted p-values of one family, nan kept; controls the chance of any false finding.

    Source: Holm 1979, by statsmodels. Raises ValueError outside 0 to 1.
    """
    return _adjusted(p, "holm")


def benjamini_hochberg(p: ArrayLike) -> NDArray[np.float64]:
    """Benjamini-Hochberg-adjusted p-values, nan kept; controls the share of false findings.

    Source: Benjamini and Hochberg 1995, by statsmodels. Raises ValueError outside 0 to 1.
    """
    return _adjusted(p, "fdr_bh")


def _adjusted(p: ArrayLike, method: str) -> NDArray[np.float64]:
    adjusted = np.array(p, dtype=float)
    known = ~np.isnan(adjusted)
    if ((adjusted[known] < 0) | (adjusted[known] > 1)).any():
        raise ValueError("p-values must lie between 0 and 1")
    if known.any():
        adjusted[known] = multipletests(adjusted[known], method=method)[1]
    return adjusted


FINDINGS = {
    "arm": pl.String,
    "design": pl.String,
    "generator": pl.String,
    "pipeline": pl.String,
    "level": pl.String,
    "n_real": pl.Int64,
    "n_generated": pl.Int64,
    "model": pl.String,
    "metric": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "baseline": pl.String,
    "difference": pl.Float64,
    "difference_low": pl.Float64,
    "difference_high": pl.Float64,
    "p_value": pl.Float64,
    "p_holm": pl.Float64,
    "n": pl.Int64,
    "seeds": pl.Int64,
    "verdict": pl.String,
}


class _Run(NamedTuple):
    """Predictions of one arm and model as label codes: gold (items,), predicted (seeds, items)."""

    seeds: list[int]
    ids: list[str]
    gold: Array
    predicted: Array


def _runs(predictions: pl.DataFrame) -> dict[tuple[str, str], _Run]:
    """Per (arm, model) the predictions as label codes; a missing prediction is -1, never right."""
    if missing := {"arm", "model", "seed", "id", "gold", "predicted"} - set(predictions.columns):
        raise ValueError(f"predictions lack the columns {sorted(missing)}")
    if not predictions.height:
        raise ValueError("predictions are empty")
    if predictions["gold"].null_count():
        raise ValueError("predictions hold items without a gold label")
    frame = predictions.with_columns(pl.col("id", "gold", "predicted").cast(pl.String))
    labels = pl.concat([frame["gold"], frame["predicted"]]).drop_nulls().unique().sort()
    frame = frame.with_columns(
        pl.col("gold", "predicted").cast(pl.Enum(labels)).to_physical().cast(pl.Int32).fill_null(-1)
    ).sort("arm", "model", "seed", "id")
    runs = {}
    for (arm, model), rows in frame.partition_by("arm", "model", as_dict=True).items():
        seeds = rows["seed"].unique(maintain_order=True).to_list()
        name = f"arm {arm}, model {model}"
        if rows.select("seed", "id").is_duplicated().any():
            raise ValueError(f"{name}: a seed holds the same test item twice")
        first = rows.filter(pl.col("seed") == seeds[0])
        items = first.height
        repeated = first.select("id", "gold")
        if rows.height != items * len(seeds) or any(
            not rows.slice(s * items, items).select("id", "gold").equals(repeated)
            for s in range(len(seeds))
        ):
            raise ValueError(f"{name}: its seeds do not hold the same test items and gold labels")
        predicted = rows["predicted"].to_numpy().reshape(len(seeds), items)
        runs[arm, model] = _Run(seeds, first["id"].to_list(), first["gold"].to_numpy(), predicted)
    return runs


def findings(
    predictions: pl.DataFrame,
    arms: pl.DataFrame,
    metrics: Sequence[str] = ("accuracy", "macro_f1"),
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> pl.DataFrame:
    """Compare every arm with its real-only baseline: one row per (arm, model, metric).

    predictions has a row per arm, model, seed and test item, with columns arm, model, seed, id,
    gold, predicted (null is a wrong answer); arms has arm, design, generator, pipeline, level,
    n_real, n_generated, baseline (null for an arm that is a baseline itself). The answer has the
    columns of FINDINGS; n is test items, seeds is those that arm and baseline share. p_holm
    corrects over all comparisons of one metric; the verdict is "better" or "worse" where
    p_holm < 1 - level, else "no evidence", and null for a baseline.

    Raises ValueError when columns or arms are missing, when seeds of an arm hold different test
    items, or when arm and baseline do.
    """
    columns = ["arm", "design", "generator", "pipeline", "level", "n_real", "n_generated"]
    if missing := {*columns, "baseline"} - set(arms.columns):
        raise ValueError(f"arms lack the columns {sorted(missing)}")
    if arms["arm"].is_duplicated().any():
        raise ValueError("an arm has two rows in arms")
    runs = _runs(predictions)
    known = {row["arm"]: row for row in arms.iter_rows(named=True)}
    if unknown := {arm for arm, _ in runs} - set(known):
        raise ValueError(f"predictions hold arms that arms does not list: {sorted(unknown)}")
    rows = []
    for name in metrics:
        metric = _metric(name)
        scored = {
            key: _scores(run.gold, run.predicted, metric, resamples, seed)
            for key, run in runs.items()
        }
        for (arm, model), run in runs.items():
            scores, resampled = scored[arm, model]
            score = _score(_spread(scores, resampled, run.gold.size), metric, level)
            row = {column: known[arm][column] for column in columns}
            row |= {"model": model, "metric": name, **score._asdict()}
            row |= {"baseline": known[arm]["baseline"], "n": run.gold.size, "seeds": len(scores)}
            if row["baseline"] is not None:
                spread = _against(row["baseline"], arm, model, runs, scored)
                result = _difference(spread, metric, level)
                row |= {
                    "difference": result.difference,
                    "difference_low": result.low,
                    "difference_high": result.high,
                    "p_value": result.p_value,
                    "seeds": spread.seeds,
                }
            rows.append(row)
    frame = pl.DataFrame([{key: row.get(key) for key in FINDINGS} for row in rows], FINDINGS)
    frame = frame.with_columns(
        pl.col("difference", "difference_low", "difference_high", "p_value").fill_nan(None)
    )
    return _with_verdict(frame, 1 - level)


def _against(
    baseline: str,
    arm: str,
    model: str,
    runs: dict[tuple[str, str], _Run],
    scored: dict[tuple[str, str], tuple[Array, Array]],
) -> _Spread:
    """Spread of arm minus baseline over the seeds that both have."""
    if (baseline, model) not in runs:
        raise ValueError(f"arm {arm}, model {model}: its baseline {baseline} has no predictions")
    own, real = runs[arm, model], runs[baseline, model]
    if own.ids != real.ids or (own.gold != real.gold).any():
        raise ValueError(
            f"arm {arm}, model {model}: its test items are not those of its baseline {baseline}"
        )
    common = sorted(set(own.seeds) & set(real.seeds))
    if not common:
        raise ValueError(f"arm {arm}, model {model}: no seed in common with baseline {baseline}")
    mine = [own.seeds.index(s) for s in common]
    other = [real.seeds.index(s) for s in common]
    (scores_a, resampled_a), (scores_b, resampled_b) = scored[arm, model], scored[baseline, model]
    return _spread(
        scores_a[mine] - scores_b[other], resampled_a[mine] - resampled_b[other], own.gold.size
    )


def _with_verdict(frame: pl.DataFrame, alpha: float) -> pl.DataFrame:
    """Add p_holm over the comparisons of each metric, and the verdict it leads to."""
    corrected = pl.col("p_value").map_batches(
        lambda p: pl.Series(holm(p.fill_null(np.nan).to_numpy())), return_dtype=pl.Float64
    )
    return frame.with_columns(corrected.over("metric").fill_nan(None).alias("p_holm")).with_columns(
        pl.when(pl.col("baseline").is_null())
        .then(None)
        .when((pl.col("p_holm") < alpha) & (pl.col("difference") > 0))
        .then(pl.lit("better"))
        .when((pl.col("p_holm") < alpha) & (pl.col("difference") < 0))
        .then(pl.lit("worse"))
        .otherwise(pl.lit("no evidence"))
        .alias("verdict")
    )
