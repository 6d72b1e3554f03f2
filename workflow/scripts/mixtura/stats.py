"""Honest statistics of a study: intervals, paired differences and their correction.

Every score is a metric of one fine-tuned model (one seed) on one test set. Two things make it
uncertain: another seed would have drawn other real rows and another training, and another test
set would have held other items. All intervals here count both. docs/statistics.md explains each
test in words and gives its simulated error rates.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

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
    highest possible value. A metric of numbers names their `columns` in the predictions; what it
    is given as predicted is then (seeds, items, columns). `lower` values are better or not.
    """

    parts: Callable[[Array, Array], Array]
    value: Callable[[Array], Array]
    bounds: tuple[float, float] = (0.0, 1.0)
    columns: tuple[str, ...] = ()
    lower: bool = False


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


def _own_parts(gold: Array, numbers: Array) -> Array:
    return np.concatenate([numbers, np.ones_like(numbers[..., :1])], axis=-1)


def _ratio(sums: Array) -> Array:
    return sums[..., 0] / sums[..., 1]


def mean_of(column: str, lower: bool = False, bounds: tuple[float, float] = (0.0, 1.0)) -> Metric:
    """The mean over items of a column of the predictions."""
    return Metric(_own_parts, _ratio, bounds, (column,), lower)


BINS = 10  # of equal width, by the probability of the predicted label


def _calibration_parts(gold: Array, numbers: Array) -> Array:
    sure, right = numbers[..., 0], numbers[..., 1]
    at = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = (at[..., None] == np.arange(BINS)) * (sure - right)[..., None]
    return np.concatenate([gaps, np.ones_like(sure)[..., None]], axis=-1)


def _calibration_value(sums: Array) -> Array:
    return np.abs(sums[..., :BINS]).sum(-1) / sums[..., BINS]


METRICS = {
    "accuracy": Metric(_accuracy_parts, _ratio),
    "macro_f1": Metric(_f1_parts, _f1_value),
    "log_loss": mean_of("log_loss", lower=True, bounds=(0.0, np.inf)),
    # Expected calibration error, Naeini, Cooper and Hauskrecht 2015.
    "calibration_error": Metric(
        _calibration_parts, _calibration_value, (0.0, 1.0), ("confidence", "right"), lower=True
    ),
    "exact_match": mean_of("exact_match"),
    "token_f1": mean_of("token_f1"),
    "rouge_l": mean_of("rouge_l"),
    # nll: negative log-likelihood of an item in nats, so that the mean is over tokens.
    "perplexity": Metric(
        _own_parts, lambda sums: np.exp(_ratio(sums)), (1.0, np.inf), ("nll", "tokens"), lower=True
    ),
}


def _metric(metric: str | Metric) -> Metric:
    if isinstance(metric, Metric):
        return metric
    if metric not in METRICS:
        raise ValueError(f"metric {metric!r} is unknown; allowed: {', '.join(sorted(METRICS))}")
    return METRICS[metric]


def _checked(gold: ArrayLike, predicted: ArrayLike) -> tuple[Array, Array]:
    gold, predicted = np.asarray(gold), np.atleast_2d(np.asarray(predicted))
    if gold.ndim != 1 or predicted.ndim not in (2, 3) or predicted.shape[1] != gold.size:
        raise ValueError(
            f"gold must be (items,) and predicted (seeds, items) or (seeds, items, columns), "
            f"not {gold.shape} and {predicted.shape}"
        )
    if gold.size < 2 or not len(predicted):
        raise ValueError(f"needs 2 items and 1 seed or more, not {gold.size} and {len(predicted)}")
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
    """What estimates rest on before they become intervals; the first four of one shape."""

    value: Any  # mean over seeds
    between: Any  # variance of one seed's value around that mean; nan with one seed
    own: Any  # the part of `between` that the items explain, other ones for each seed
    shared: Any  # variance of the mean that comes from the items and hits all seeds alike
    seeds: int
    items: int
    lent: float = 0.0  # degrees of freedom of `between` that come from other arms

    def one(self, at: int) -> "_Spread":
        """The estimate at this place of several."""
        value, between, own, shared = (field[at] for field in self[:4])
        return _Spread(value, between, own, shared, self.seeds, self.items, self.lent)


def _spread(scores: Array, resampled: Array, items: int) -> _Spread:
    seeds = len(scores)
    covariance = np.atleast_2d(np.cov(resampled))
    if seeds == 1:
        return _Spread(scores[0], np.nan, 0.0, covariance[0, 0], 1, items)
    # The diagonal also holds each seed's own noise on the items, which `between` has already.
    off_diagonal = (covariance.sum() - np.trace(covariance)) / (seeds * (seeds - 1))
    own, shared = np.trace(covariance) / seeds - off_diagonal, np.maximum(off_diagonal, 0)
    return _Spread(scores.mean(), scores.var(ddof=1), own, shared, seeds, items)


def _error(spread: _Spread) -> tuple[Any, Any]:
    """Standard error of the mean over seeds and its degrees of freedom (Satterthwaite 1946)."""
    if spread.seeds == 1:
        return np.sqrt(spread.shared), spread.items - 1.0
    freedom, others = spread.seeds - 1 + spread.lent, spread.items - 1
    noise = spread.own / spread.seeds
    variance = spread.between / spread.seeds + spread.shared
    # A few seeds that agree by chance would claim the many degrees of freedom of the items (or a
    # few arms those of the seeds). So the weight of either side is no less than the noise that
    # both hold, and raised by a factor that simulation chose (docs/statistics.md): without it 8 %
    # of the intervals miss at 3 seeds.
    between = np.maximum(spread.between / spread.seeds * (1 + 3 / freedom), noise)
    shared = (spread.shared + noise) * (1 + 3 / others)
    parts = between**2 / freedom + shared**2 / others
    known = np.where(parts > 0, parts, 1)
    total = between + shared - noise
    return np.sqrt(variance), np.where(parts > 0, total**2 / known, freedom)


def _margin(spread: _Spread, level: float) -> Any:
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    error, freedom = _error(spread)
    return stats.t.ppf((1 + level) / 2, freedom) * error


def _reach(spread: _Spread, level: float, bounds: tuple[float, float]) -> tuple[float, float]:
    """The interval, inside what the metric can be."""
    # Where nothing varied: the bound of a binomial count of 0 (Clopper and Pearson 1934).
    margin = _margin(spread, level) or 1 - ((1 - level) / 2) ** (1 / spread.items)
    low, high = np.clip([spread.value - margin, spread.value + margin], *bounds)
    return float(low), float(high)


def _p_value(spread: _Spread, sign: int = 0) -> float:
    """Of no effect against any (sign 0), a positive (1) or a negative (-1) one."""
    error, freedom = _error(spread)
    if error == 0:
        return float(spread.value == 0 if sign == 0 else spread.value * sign <= 0)
    t = spread.value / error
    return float(stats.t.sf(t * sign, freedom) if sign else 2 * stats.t.sf(abs(t), freedom))


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
    return Interval(float(spread.value), *_reach(spread, level, metric.bounds))


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
        return Difference(float(spread.value), np.nan, np.nan, np.nan)
    widest = metric.bounds[1] - metric.bounds[0]
    low, high = _reach(spread, level, (-widest, widest))
    return Difference(float(spread.value), low, high, _p_value(spread))


def paired_differences(
    gold: ArrayLike,
    arms: Sequence[ArrayLike],
    baseline: ArrayLike,
    metric: str | Metric = "accuracy",
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> list[Difference]:
    """`paired_difference` of several arms, each (seeds, items), to one baseline (seeds, items).

    With 3 or more arms each arm's variance over seeds is drawn towards that of all, as far as
    they are alike: a few seeds say little about a variance, many arms say more. That makes small
    p-values reliable, which a correction for many comparisons needs. Raises ValueError as
    `paired_difference`.

    Source: moderated t, Smyth 2004 (equations 4 to 10); what is lent is capped by what arms
    with a common baseline can know (docs/statistics.md).
    """
    metric = _metric(metric)
    gold, real = _checked(gold, baseline)
    base, base_resampled = _scores(gold, real, metric, resamples, seed)
    spreads, changes = [], []
    for arm in arms:
        gold, predicted = _checked(gold, arm)
        if predicted.shape != real.shape:
            raise ValueError(
                f"arms must have the seeds and items of the baseline, {real.shape}, "
                f"not {predicted.shape}"
            )
        scores, resampled = _scores(gold, predicted, metric, resamples, seed)
        changes.append(scores - base)
        spreads.append(_spread(changes[-1], resampled - base_resampled, gold.size))
    return [_difference(spread, metric, level) for spread in _lend(spreads, changes)]


def _lend(spreads: list[_Spread], changes: list[Array]) -> list[_Spread]:
    """Draw the variances over seeds of differences (seeds,) to one baseline together."""
    own = np.array([spread.between for spread in spreads])
    if len(spreads) < 3 or len({spread.seeds for spread in spreads}) > 1:
        return spreads
    freedom = spreads[0].seeds - 1
    if freedom < 1 or np.median(own) == 0:
        return spreads
    half = freedom / 2
    logs = np.log(np.maximum(own, 1e-5 * np.median(own))) - special.digamma(half) + np.log(half)
    excess = logs.var(ddof=1) - special.polygamma(1, half)
    if excess > special.polygamma(1, 1e3):
        half = float(optimize.brentq(lambda at: special.polygamma(1, at) - excess, 1e-4, 1e3))
        lent, typical = 2 * half, np.exp(logs.mean() + special.digamma(half) - np.log(half))
    else:
        lent, typical = np.inf, own.mean()
    # Arms share the noise of their baseline, so many arms know less than their number says.
    alike = (np.cov(changes).sum() - own.sum()) / (len(own) - 1) / own.sum()
    most = freedom * len(own) / (1 + (len(own) - 1) * np.clip(alike, 0.6, 1) ** 2) - freedom
    lent = float(min(lent, most))
    return [
        spread._replace(
            between=(lent * typical + freedom * spread.between) / (lent + freedom), lent=lent
        )
        for spread in spreads
    ]


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
    from statsmodels.stats.multitest import multipletests

    adjusted = np.array(p, dtype=float)
    known = ~np.isnan(adjusted)
    if ((adjusted[known] < 0) | (adjusted[known] > 1)).any():
        raise ValueError("p-values must lie between 0 and 1")
    if known.any():
        adjusted[known] = multipletests(adjusted[known], method=method)[1]
    return adjusted


def minimum_detectable_effect(
    seeds: int,
    items: int,
    seed_sd: float,
    item_sd: float,
    comparisons: int = 1,
    power: float = 0.8,
    alpha: float = 0.05,
    lent: float = 0.0,
) -> float:
    """Smallest true difference that a study of this design finds with this chance.

    seed_sd is the standard deviation of one seed's difference to the baseline, item_sd that over
    test items of their expected difference, both in the metric's unit (accuracy: 0.01 is a
    point). With several comparisons alpha is split (Bonferroni, the first step of Holm). lent is
    the degrees of freedom that other arms lend to seed_sd, as in `paired_differences`. Raises
    ValueError for fewer than 2 seeds or items, and for numbers outside their range.

    Source: power of the t-test by the noncentral t distribution, Cohen 1988.
    """
    if seeds < 2 or items < 2 or comparisons < 1:
        raise ValueError("needs 2 seeds, 2 items and 1 comparison or more")
    if seed_sd < 0 or item_sd < 0 or seed_sd + item_sd == 0 or not 0 < alpha < power < 1:
        raise ValueError("needs standard deviations of 0 or more, one above 0; 0<alpha<power<1")
    error, freedom = _error(_Spread(0, seed_sd**2, 0, item_sd**2 / items, seeds, items, lent))
    critical = stats.t.ppf(1 - alpha / comparisons / 2, freedom)

    def lacking(ratio: float) -> float:
        return float(stats.nct.sf(critical, freedom, ratio)) - power

    return float(optimize.brentq(lacking, 0, 10 * critical + 10)) * error


def _contrasts(design: Array, y: Array, contrasts: Array) -> _Spread:
    """Linear contrasts (m, k) of the coefficients of y (seeds, arms) on design (arms, k).

    Their spread is over seeds and over arms: runs of one seed share their real rows, runs of one
    arm share its generated rows and what the test items happen to favour.
    """
    seeds, arms = y.shape
    inverse = np.linalg.pinv(design)
    freedom = arms - int(np.linalg.matrix_rank(design))
    if freedom < 1:
        raise ValueError(f"{arms} arms are too few for {design.shape[1]} coefficients")
    coefficients = y @ inverse.T
    values = coefficients @ contrasts.T
    leverage = ((contrasts @ inverse) ** 2).sum(axis=1)
    residuals = y - coefficients @ design.T
    arm = (residuals.mean(axis=0) ** 2).sum() / freedom * leverage
    if seeds == 1:
        return _Spread(values[0], np.nan * arm, 0 * arm, arm, 1, freedom + 1)
    cell = ((residuals - residuals.mean(axis=0)) ** 2).sum() / (seeds - 1) / freedom * leverage
    shared = np.maximum(arm - cell / seeds, 0)
    between = values.var(axis=0, ddof=1)
    return _Spread(values.mean(axis=0), between, cell, shared, seeds, freedom + 1)


def _arm_scores(y: ArrayLike, *columns: ArrayLike) -> list[Array]:
    """y as (seeds, arms) beside columns of (arms,), all finite."""
    y = np.atleast_2d(np.asarray(y, dtype=float))
    others = [np.asarray(column, dtype=float) for column in columns]
    if y.ndim != 2 or any(other.shape != (y.shape[1],) for other in others):
        raise ValueError(
            f"y must be (seeds, arms) and the rest (arms,), "
            f"not {[array.shape for array in (y, *others)]}"
        )
    if not all(np.isfinite(array).all() for array in (y, *others)):
        raise ValueError("missing or infinite values: keep the arms and seeds that are complete")
    return [y, *others]


def _intercepts(group: ArrayLike | None, arms: int) -> Array:
    """One column per group of arms, such as a pipeline; (arms, groups)."""
    if group is None:
        return np.ones((arms, 1))
    group = np.asarray(group)
    if group.shape != (arms,):
        raise ValueError(f"group must be ({arms},), not {group.shape}")
    return (group[:, None] == np.unique(group)).astype(float)


class InvertedU(NamedTuple):
    """The two tests of an inverted U and its peak, in the units of x."""

    curvature: float  # coefficient of x^2
    p_value: float  # Lind and Mehlum: rises at the lowest x and falls at the highest
    two_lines_p_value: float  # Simonsohn: rises before the break and falls after it
    breakpoint: float
    peak: float  # nan where the fit does not bend down
    peak_low: float  # -inf or inf where the data leave that side open
    peak_high: float


def inverted_u(
    x: ArrayLike, y: ArrayLike, group: ArrayLike | None = None, level: float = 0.95
) -> InvertedU:
    """Test whether y first rises and then falls with x.

    x is (arms,), a designed level or a measured diversity; y is (seeds, arms), scores; group
    is (arms,) where arms of several pipelines, which get an intercept each, are fitted together.
    Both p-values are the larger of two one-sided tests: small only if both slopes are shown. The
    peak's interval holds every x whose slope is not told from 0 (Fieller). Raises ValueError
    for shapes that do not match, values that are missing, or fewer than 5 different x.

    Source: Sasabuchi 1980, Lind and Mehlum 2010 (equations 3 to 5); Simonsohn 2018, with the
    break at his "Robin Hood" point, found on a cubic fit.
    """
    y, x = _arm_scores(y, x)
    if len(np.unique(x)) < 5:
        raise ValueError(f"an inverted U needs 5 different x or more, not {len(np.unique(x))}")
    centre, scale = float(x.mean()), float(np.ptp(x))
    z = (x - centre) / scale
    one = _intercepts(group, x.size)
    zeros = np.zeros(one.shape[1])
    quadratic = np.column_stack([one, z, z**2])
    grid = np.linspace(z.min() - 1, z.max() + 1, 1501)
    at = np.concatenate([[z.min(), z.max()], grid])
    slopes = _contrasts(
        quadratic, y, np.column_stack([np.tile(zeros, (at.size, 1)), np.ones(at.size), 2 * at])
    )
    low, high = slopes.one(0), slopes.one(1)
    curvature = (high.value - low.value) / 2 / (at[1] - at[0])
    peak = peak_low = peak_high = np.nan
    if curvature < 0:
        peak = at[0] - low.value / (2 * curvature)
        flat = grid[(np.abs(slopes.value) <= _margin(slopes, level))[2:]]
        if flat.size:
            peak_low = -np.inf if flat[0] == grid[0] else flat[0]
            peak_high = np.inf if flat[-1] == grid[-1] else flat[-1]
    p = max(_p_value(low, 1), _p_value(high, -1))
    two_lines, middle = _two_lines(z, y, one)
    return InvertedU(
        float(curvature / scale**2),
        p,
        two_lines,
        *(float(centre + scale * where) for where in (middle, peak, peak_low, peak_high)),
    )


def _two_lines(z: Array, y: Array, one: Array) -> tuple[float, float]:
    """p-value of the two-lines test and its breakpoint."""
    zeros = [0.0] * one.shape[1]
    cubic = np.column_stack([one, z, z**2, z**3])
    inside = np.unique(z)[1:-2]  # two points or more on either side
    powers = np.array([[*zeros, at, at**2, at**3] for at in inside])
    fit = _contrasts(cubic, y, powers)
    top = int(np.argmax(fit.value))
    flat = inside[fit.value >= fit.value[top] - _error(fit.one(top))[0]]

    def lines(at: float) -> _Spread:
        before, after = np.minimum(z - at, 0), np.maximum(z - at, 0)
        design = np.column_stack([one, before, after, z > at])
        return _contrasts(design, y, np.array([[*zeros, 1, 0, 0], [*zeros, 0, 1, 0]]))

    first = lines(float(np.median(flat)))
    clear = np.abs(first.value) / np.maximum(_error(first)[0], 1e-12)
    # The break moves towards the line that is shown more clearly, to lend the other one points.
    at = float(np.quantile(flat, clear[1] / max(clear.sum(), 1e-12)))
    slopes = lines(at)
    return max(_p_value(slopes.one(0), 1), _p_value(slopes.one(1), -1)), at


def trend(
    x: ArrayLike, y: ArrayLike, group: ArrayLike | None = None, level: float = 0.95
) -> Difference:
    """Slope of y (seeds, arms) on x (arms,) per unit of x, with interval and two-sided p-value.

    group (arms,) gives every group of arms its own intercept. Errors as in `inverted_u`.

    Source: contrasts of two crossed random effects, seed and arm, by their mean squares
    (Searle, Casella and McCulloch 1992, chapter 4); the mixed model with equal data per cell.
    """
    y, x = _arm_scores(y, x)
    one = _intercepts(group, x.size)
    return _slope(_contrasts(np.column_stack([one, x]), y, _last(one.shape[1] + 1)).one(0), level)


def _last(k: int) -> Array:
    return np.eye(k)[-1:]


def _slope(spread: _Spread, level: float) -> Difference:
    value, margin = float(spread.value), float(_margin(spread, level))
    return Difference(value, value - margin, value + margin, _p_value(spread))


def interaction(
    x: ArrayLike, moderator: ArrayLike, y: ArrayLike, level: float = 0.95
) -> Difference:
    """How much the slope of y on x changes per unit of the moderator.

    x (cells,) is a level, moderator (cells,) a logarithm of model size, of n_real, or a share; y
    is (seeds, cells). Every value of x and of the moderator has an effect of its own, so that a
    curved effect of either alone is not taken for their interaction. Raises ValueError for
    shapes that do not match, missing values or too few cells.

    Source: linear-by-linear interaction in a mixed model with seeds and cells random, by mean
    squares as in `trend`.
    """
    y, x, moderator = _arm_scores(y, x, moderator)
    product = (x - x.mean()) * (moderator - moderator.mean())
    design = np.column_stack([_intercepts(x, x.size), _intercepts(moderator, x.size), product])
    main = design[:, :-1]
    if np.linalg.matrix_rank(design) == np.linalg.matrix_rank(main):
        raise ValueError("x and moderator do not vary independently: no interaction to see")
    return _slope(_contrasts(design, y, _last(design.shape[1])).one(0), level)


class Mediation(NamedTuple):
    """The effect of x on y: all of it, past the mediator, and through the mediator."""

    total: Difference
    direct: Difference
    indirect: Difference


def mediation(
    x: ArrayLike,
    mediator: ArrayLike,
    y: ArrayLike,
    group: ArrayLike | None = None,
    level: float = 0.95,
    draws: int = 20_000,
    seed: int = 0,
) -> Mediation:
    """Slope of y on x without and with the mediator as covariate, and their difference.

    x and mediator (a distribution shift) are (arms,), y is (seeds, arms). The indirect effect is
    a * b: the mediator's slope on x times the score's slope on the mediator at fixed x; its p-value
    is the larger of their two, its interval is by draws from their t distributions. It
    is a cause only as far as nothing else that moves with the mediator moves the score.
    Raises ValueError as `trend`.

    Source: Baron and Kenny 1986; MacKinnon, Lockwood and Williams 2004 (Monte Carlo interval).
    """
    y, x, mediator = _arm_scores(y, x, mediator)
    one = _intercepts(group, x.size)
    both = np.column_stack([one, x, mediator])
    if np.linalg.matrix_rank(both) < both.shape[1]:
        raise ValueError("x and mediator are the same up to scale: their effects cannot be told")
    unit = np.eye(both.shape[1])
    slopes = _contrasts(both, y, unit[-2:])
    direct, b = slopes.one(0), slopes.one(1)
    a = _contrasts(both[:, :-1], mediator[None], _last(both.shape[1] - 1)).one(0)
    rng = np.random.default_rng(seed)
    products = np.prod(
        [s.value + _error(s)[0] * rng.standard_t(_error(s)[1], draws) for s in (a, b)], 0
    )
    low, high = np.quantile(products, [(1 - level) / 2, (1 + level) / 2])
    p = max(_p_value(a), _p_value(b))
    indirect = Difference(a.value * b.value, float(low), float(high), p)
    return Mediation(trend(x, y, group, level), _slope(direct, level), indirect)


def rank_agreement(x: ArrayLike, y: ArrayLike, level: float = 0.95) -> Difference:
    """Spearman's correlation of a measure x (arms,) with the arms' mean score of y (seeds, arms).

    Gives (rho, low, high, p_value); nan where x or the score is constant. Raises ValueError for
    shapes that do not match, missing values or fewer than 4 arms.

    Source: interval by Fisher's z with the variance of Bonett and Wright 2000.
    """
    y, x = _arm_scores(y, x)
    if x.size < 4:
        raise ValueError(f"a correlation needs 4 arms or more, not {x.size}")
    score = y.mean(axis=0)
    if not np.ptp(x) or not np.ptp(score):
        return Difference(np.nan, np.nan, np.nan, np.nan)
    rho, p = stats.spearmanr(x, score)
    margin = stats.norm.ppf((1 + level) / 2) * np.sqrt((1 + rho**2 / 2) / (x.size - 3))
    with np.errstate(divide="ignore"):
        low, high = np.tanh(np.arctanh(rho) + margin * np.array([-1, 1]))
    return Difference(float(rho), float(low), float(high), float(p))


FINDINGS = {
    "arm": pl.String,
    "design": pl.String,
    "generator": pl.String,
    "pipeline": pl.String,
    "level": pl.String,
    "n_real": pl.Int64,
    "n_generated": pl.Int64,
    "share": pl.Float64,
    "rows": pl.Int64,
    "model": pl.String,
    "metric": pl.String,
    "test": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "baseline": pl.String,
    "difference": pl.Float64,
    "difference_low": pl.Float64,
    "difference_high": pl.Float64,
    "p_value": pl.Float64,
    "p_holm": pl.Float64,
    "q_bh": pl.Float64,
    "n": pl.Int64,
    "seeds": pl.Int64,
    "verdict": pl.String,
    "seed_sd": pl.Float64,
    "item_sd": pl.Float64,
    "lent": pl.Float64,
    "control": pl.String,
    "control_difference": pl.Float64,
    "control_low": pl.Float64,
    "control_high": pl.Float64,
    "control_p_value": pl.Float64,
    "control_p_holm": pl.Float64,
    "control_q_bh": pl.Float64,
    "control_verdict": pl.String,
}
COMPARISON = ["arm", "model", "metric", "test"]  # with the arm it is compared to


class _Run(NamedTuple):
    """Predictions of one arm and model as label codes: gold (items,), predicted (seeds, items)."""

    seeds: list[int]
    ids: list[str]
    gold: Array
    predicted: Array
    numbers: dict[str, Array]  # column -> (seeds, items)

    def seen_by(self, metric: Metric) -> Array:
        """What a metric is given as predicted."""
        if not metric.columns:
            return self.predicted
        return np.stack([self.numbers[column] for column in metric.columns], axis=-1)


def _runs(predictions: pl.DataFrame, numbers: set[str]) -> dict[tuple[str, str], _Run]:
    """Per (arm, model) the predictions as label codes; a missing prediction is -1, never right."""
    needed = {"arm", "model", "seed", "id", "gold", "predicted", *numbers}
    if missing := needed - set(predictions.columns):
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
        shape = (len(seeds), items)
        if lacking := [column for column in numbers if rows[column].null_count()]:
            raise ValueError(f"{name}: items without {', '.join(sorted(lacking))}")
        runs[arm, model] = _Run(
            seeds,
            first["id"].to_list(),
            first["gold"].to_numpy(),
            rows["predicted"].to_numpy().reshape(shape),
            {column: rows[column].cast(float).to_numpy().reshape(shape) for column in numbers},
        )
    return runs


def seed_scores(
    predictions: pl.DataFrame,
    metrics: Sequence[str],
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> pl.DataFrame:
    """Score of every run: arm, model, seed, test, metric, value, low, high, n.

    predictions are those of `findings`, with the column test. The interval is for new test items
    (bootstrap), n counts them. Raises ValueError as `findings`.
    """
    rows: list[dict[str, Any]] = []
    tests = predictions["test"].unique(maintain_order=True).to_list()
    for test in sorted(tests, key=lambda name: name != "test"):
        part = predictions.filter(test=test)
        runs = _runs(part, {column for name in metrics for column in _metric(name).columns})
        for ((arm, model), run), name in product(runs.items(), metrics):
            metric = _metric(name)
            scores, resampled = _scores(run.gold, run.seen_by(metric), metric, resamples, seed)
            for place, number in enumerate(run.seeds):
                one = slice(place, place + 1)
                spread = _spread(scores[one], resampled[one], run.gold.size)
                names = {"arm": arm, "model": model, "seed": number, "test": test, "metric": name}
                score = _score(spread, metric, level)
                rows.append({**names, **score._asdict(), "n": run.gold.size})
    return pl.DataFrame(rows)


def findings(
    predictions: pl.DataFrame,
    arms: pl.DataFrame,
    metrics: Sequence[str] = ("accuracy", "macro_f1"),
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> pl.DataFrame:
    """Compare every arm with its real-only baselines: one row per (row of arms, model, metric).

    predictions has a row per arm, model, seed and test item, with columns arm, model, seed, id,
    gold, predicted (null is a wrong answer), those of metrics of numbers and, with several test
    sets, test; arms has arm, design, generator, pipeline, level, n_real, n_generated, baseline
    (null for an arm that is a baseline itself) and perhaps control (another arm to compare with,
    such as repeated real rows). The answer has the columns of FINDINGS; n is test items, seeds is
    those that arm and baseline share. p_holm corrects over all comparisons of one metric and test
    set, each counted once however many designs make it; the verdict is "better" or "worse" where
    p_holm < 1 - level, else "no evidence", and null for a baseline; q_bh is Benjamini-Hochberg's
    over the same comparisons; the same with control_ for the control. seed_sd and item_sd are the
    standard deviations of one seed's difference and of one item's, for `minimum_detectable_effect`.
    Arms with the same baseline lend each other what their seeds say about chance, as in
    `paired_differences`; lent is how many degrees of freedom that adds.

    Raises ValueError when columns or arms are missing, when seeds of an arm hold different test
    items, or when arm and baseline do.
    """
    columns = ["arm", "design", "generator", "pipeline", "level", "n_real", "n_generated"]
    if missing := {*columns, "baseline"} - set(arms.columns):
        raise ValueError(f"arms lack the columns {sorted(missing)}")
    if arms.select("arm", "design", "baseline").is_duplicated().any():
        raise ValueError("arms compare an arm with the same baseline twice in one design")
    if "control" not in arms.columns:
        arms = arms.with_columns(control=pl.lit(None, pl.String))
    if "test" not in predictions.columns:
        predictions = predictions.with_columns(test=pl.lit("test"))
    rows: list[dict[str, Any]] = []
    listed = list(arms.iter_rows(named=True))
    tests = predictions["test"].unique(maintain_order=True).to_list()
    for test in sorted(tests, key=lambda name: name != "test"):
        part = predictions.filter(test=test)
        runs = _runs(part, {column for name in metrics for column in _metric(name).columns})
        for name in metrics:
            about = {"metric": name, "test": test}
            rows += [about | row for row in _compared(runs, listed, name, resamples, seed, level)]
    if not rows:
        raise ValueError("predictions are empty")
    frame = pl.DataFrame([{key: row.get(key) for key in FINDINGS} for row in rows], FINDINGS)
    return _with_verdict(_with_verdict(frame.fill_nan(None), 1 - level), 1 - level, "control_")


def _compared(
    runs: dict[tuple[str, str], _Run],
    listed: list[dict[str, Any]],
    name: str,
    resamples: int,
    seed: int,
    level: float,
) -> Iterator[dict[str, Any]]:
    """Rows of `findings` for one test set and one metric."""
    metric = _metric(name)
    if unknown := {arm for arm, _ in runs} - {row["arm"] for row in listed}:
        raise ValueError(f"predictions hold arms that arms does not list: {sorted(unknown)}")
    scored = {
        key: _scores(run.gold, run.seen_by(metric), metric, resamples, seed)
        for key, run in runs.items()
    }
    against, controlled = (_against(key, listed, runs, scored) for key in ("baseline", "control"))
    for entry, (arm, model) in ((e, key) for e in listed for key in runs if key[0] == e["arm"]):
        run = runs[arm, model]
        scores, resampled = scored[arm, model]
        score = _score(_spread(scores, resampled, run.gold.size), metric, level)
        row = {**entry, "model": model, **score._asdict(), "n": run.gold.size, "seeds": len(scores)}
        if spread := against.get((arm, model, entry["baseline"])):
            result = _difference(spread, metric, level)
            row |= {
                "difference": result.difference,
                "difference_low": result.low,
                "difference_high": result.high,
                "p_value": result.p_value,
                "seeds": spread.seeds,
                "seed_sd": math.sqrt(spread.between),
                "item_sd": math.sqrt(spread.shared * spread.items),
                "lent": spread.lent,
            }
        if spread := controlled.get((arm, model, entry["control"])):
            result = _difference(spread, metric, level)
            row |= {
                "control_difference": result.difference,
                "control_low": result.low,
                "control_high": result.high,
                "control_p_value": result.p_value,
            }
        yield row


def _against(
    to: str,
    listed: list[dict[str, Any]],
    runs: dict[tuple[str, str], _Run],
    scored: dict[tuple[str, str], tuple[Array, Array]],
) -> dict[tuple[str, str, str], _Spread]:
    """Per (arm, model, arm it is compared `to`) the difference over the seeds that both have."""
    pairs = dict.fromkeys((row["arm"], row[to]) for row in listed if row[to])
    families: dict[Any, list[tuple[tuple[str, str, str], _Spread, Array]]] = {}
    for (compared, baseline), ((arm, model), run) in product(pairs, runs.items()):
        if arm != compared:
            continue
        name = f"arm {arm}, model {model}"
        if (baseline, model) not in runs:
            raise ValueError(f"{name}: its {to} {baseline} has no predictions")
        real = runs[baseline, model]
        if run.ids != real.ids or (run.gold != real.gold).any():
            raise ValueError(f"{name}: its test items are not those of its {to} {baseline}")
        common = sorted(set(run.seeds) & set(real.seeds))
        if not common:
            raise ValueError(f"{name}: no seed in common with its {to} {baseline}")
        mine, theirs = ([r.seeds.index(seed) for seed in common] for r in (run, real))
        (a, resampled_a), (b, resampled_b) = scored[arm, model], scored[baseline, model]
        change = a[mine] - b[theirs]
        spread = _spread(change, resampled_a[mine] - resampled_b[theirs], run.gold.size)
        family = (baseline, model, *common)
        families.setdefault(family, []).append(((arm, model, baseline), spread, change))
    against: dict[tuple[str, str, str], _Spread] = {}
    for members in families.values():
        keys, spreads, changes = zip(*members, strict=True)
        against |= dict(zip(keys, _lend(list(spreads), list(changes)), strict=True))
    return against


def _with_verdict(frame: pl.DataFrame, alpha: float, kind: str = "") -> pl.DataFrame:
    """Correct p over the comparisons of each metric and test set; add the verdict it leads to."""
    to = "control" if kind else "baseline"
    same = [*COMPARISON, to]
    first = pl.int_range(pl.len()).over(same) == 0  # several designs may share an arm
    p = pl.when(first).then(pl.col(f"{kind}p_value"))
    corrections = {f"{kind}p_holm": holm, f"{kind}q_bh": benjamini_hochberg}

    def corrected(name: str) -> pl.Expr:
        def correct(values: pl.Series) -> pl.Series:
            return pl.Series(corrections[name](values.fill_null(np.nan).to_numpy()))

        made = pl.col(name).map_batches(correct, return_dtype=pl.Float64)
        return made.over("metric", "test").fill_nan(None)

    lower = [name for name, metric in METRICS.items() if metric.lower]
    sign = pl.when(pl.col("metric").is_in(lower)).then(-1).otherwise(1)
    gain = pl.col(f"{kind}difference") * sign
    found = pl.col(f"{kind}p_holm") < alpha
    return (
        frame.with_columns(p.alias(name) for name in corrections)
        .with_columns(corrected(name) for name in corrections)
        .with_columns(pl.col(*corrections).max().over(same))
        .with_columns(
            pl.when(pl.col(to).is_null())
            .then(None)
            .when(found & (gain > 0))
            .then(pl.lit("better"))
            .when(found & (gain < 0))
            .then(pl.lit("worse"))
            .otherwise(pl.lit("no evidence"))
            .alias(f"{kind}verdict")
        )
    )


def once(found: pl.DataFrame) -> pl.DataFrame:
    """The rows of `findings`, an arm that several designs share once for each baseline."""
    return found.unique([*COMPARISON, "baseline"], keep="first", maintain_order=True)


NO_GAIN = "No setting beats real data alone here."


def without_loop(table: pl.DataFrame) -> pl.DataFrame:
    """A table of arms or of sets without those of a loop."""
    if "design" in table.columns:
        return table.filter(pl.col("design").ne_missing("loop"))
    return table.filter(~pl.col("level").str.starts_with("R"))


def recommend(
    found: pl.DataFrame,
    n_real: int | None = None,
    model: str | None = None,
    metric: str = "accuracy",
    costs: pl.DataFrame | None = None,
) -> dict[str, Any]:
    """Setting to use for this number of real labels and this model; None means any.

    found comes from `findings`; of several test sets the first counts. Of the arms that beat their
    baseline after correction the one with the best bound of its gain wins, at a tie the one with
    fewer generated rows. `costs` may hold any columns beside arm (tokens, hours, money); they are
    passed on.

    Gives sentence, arm, generator, pipeline, level, share (generated of all rows), n_real,
    n_generated, model, metric, difference with difference_low and difference_high, p_holm,
    seeds, n, alternatives (how many other settings also beat real data), comparisons and cost. If
    none beats it, sentence is NO_GAIN and arm is None. Raises ValueError if no comparison fits.
    """
    real = found.select(pl.col("arm").alias("baseline"), pl.col("n_real").alias("labels")).unique()
    asked = found.filter(pl.col("design") != "loop")  # shows a danger, is no setting to use
    asked = once(asked).join(real, on="baseline", how="inner").filter(metric=metric)
    asked = asked.filter(pl.col("test") == found["test"][0])
    if n_real is not None:
        asked = asked.filter(labels=n_real)
    if model is not None:
        asked = asked.filter(model=model)
    if not asked.height:
        raise ValueError(f"no comparison with n_real {n_real}, model {model}, metric {metric}")
    lower = metric in METRICS and METRICS[metric].lower
    bound = -pl.col("difference_high") if lower else pl.col("difference_low")
    better = asked.filter(verdict="better").sort(
        bound, "n_generated", "arm", descending=[True, False, False]
    )
    if not better.height:
        return {"sentence": NO_GAIN, "arm": None, "comparisons": asked.height}
    best = better.row(0, named=True)
    kept = ["arm", "generator", "pipeline", "level", "n_real", "n_generated", "model", "metric"]
    kept += ["difference", "difference_low", "difference_high", "p_holm", "seeds", "n"]
    answer = {key: best[key] for key in kept}
    answer["share"] = best["n_generated"] / (best["n_real"] + best["n_generated"])
    answer["alternatives"] = better.height - 1
    answer["comparisons"] = asked.height
    answer["cost"] = {"generated_rows": best["n_generated"]}
    if costs is not None:
        spent = costs.filter(arm=best["arm"]).drop("arm")
        answer["cost"] |= spent.row(0, named=True) if spent.height else {}
    answer["sentence"] = (
        f"Use {best['pipeline']} at {best['level']} with {answer['share']:.0%} generated rows: "
        f"{metric} {best['difference']:+.3f} over real data alone "
        f"({best['difference_low']:+.3f} to {best['difference_high']:+.3f}, "
        f"p = {best['p_holm']:.2g} after correction)."
    )
    return answer
