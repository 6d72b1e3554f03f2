"""What gains of mixes say about the surface under them, and about each mix beside it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mixtura.infer.metrics import Array
from mixtura.infer.surface.covariance import Covariance

DRAWS, FEW = 16_000, 1000  # of many mixes fewer
NUMBERS = 4_000_000  # of all matrices that are held at once
# Chosen by simulation (benchmarks/bench_surface.py). The height in standard errors of the mean
# gain, all others in those of one mix beside others.
HEIGHT, SLOPE, ROUGH, SPIKE = 3.0, 2.0, 0.25, 5.0
SPIKES = 0.3  # probability that one mix stands out
# The above is for so many generated sets. Of fewer there is less to pick from: drawing them towards
# 0 hides true gains (benchmarks/bench_surface_few.py).
SETS, WIDER = 7, 4
WIDE = 1e3


@dataclass(frozen=True)
class Posterior:
    """Draws of what is true, given the gains."""

    coefficients: Array  # (draws, columns) of the smooth part
    mixes: Array  # (draws, K) true gains of the mixes: smooth part, own deviation and spike
    spike: Array  # (K,) probability that a mix stands out from the smooth part


@dataclass(frozen=True)
class _Sizes:
    """Draws of how large everything is, before the gains are seen: variances."""

    errors: Array  # (draws, 3) of the parts of the covariance, over what they are estimated to be
    slopes: Array  # (draws, columns)
    rough: Array  # (draws,)
    spike: float

    def at(self, places: Array) -> "_Sizes":
        return _Sizes(self.errors[places], self.slopes[places], self.rough[places], self.spike)


def posterior_of(
    gains: Array,
    covariance: Covariance,
    smooth: Array,
    effects: Array,
    sets: int,
    rng: np.random.Generator,
) -> Posterior:
    """The posterior of gains = smooth b + u + e, for gains (K,) with errors e of known covariance.

    smooth is (K, columns), of mean square 1, its first column 1; effects (columns,) are codes of
    the effect that a column is part of, 0 that of the height. The coefficients of an effect are
    drawn towards 0 and u towards the smooth part, each as far as the gains bear out; one mix may
    stand out. So the best of many is not believed to be as good as it looks: the
    more generated sets there are, the less.

    Source: random-effects meta-regression by REML, Raudenbush 2009, its variances averaged over
    (half-Cauchy priors, Gelman 2006) and not plugged in; draws by Matheron's rule.
    """
    count = len(gains)
    draws = int(np.clip(10 * DRAWS // count, FEW, DRAWS))
    unit = _size(covariance.specific + covariance.rows) or _size(covariance.total) or 1e-6
    level = np.sqrt(max(covariance.total.mean(), 0)) or unit
    sizes, log_prior = _wide_cauchy((draws, effects.max() + 1), max(1, SETS / sets) ** WIDER, rng)
    sizes *= SLOPE * unit
    sizes[:, 0] *= HEIGHT * level / (SLOPE * unit)
    prior = _Sizes(
        covariance.scales(draws, rng),
        np.minimum(sizes, WIDE * unit)[:, effects] ** 2,
        (np.abs(rng.standard_cauchy(draws)) * ROUGH * unit) ** 2,
        (SPIKE * unit) ** 2,
    )
    parts = [_log_weights(gains, covariance, smooth, prior.at(p)) for p in _parts(draws, count)]
    log_weights = np.concatenate(parts) + log_prior[:, None]
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    chosen, which = np.divmod(_systematic(weights.ravel(), draws, rng), count + 1)
    slopes, mixes = zip(
        *(
            _drawn(gains, covariance, smooth, prior.at(chosen[p]), which[p], rng)
            for p in _parts(draws, count)
        ),
        strict=True,
    )
    return Posterior(np.concatenate(slopes), np.concatenate(mixes), weights.sum(axis=0)[1:])


def _wide_cauchy(
    shape: tuple[int, int], wide: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Half-Cauchy variables of scale `wide`, (draws, n), and the logarithm of their weights.

    Hardly one of many would be as small as the likelihood asks. So they are of all scales from 1 to
    `wide`, evenly over the logarithm, and weighed by the density that is meant over theirs.
    """
    sizes = np.abs(rng.standard_cauchy(shape)) * wide ** rng.random(shape)
    if wide == 1:
        return sizes, np.zeros(len(sizes))
    meant = wide / (wide**2 + sizes**2)
    drawn = np.arctan((wide - 1) * sizes / (sizes**2 + wide)) / (sizes * np.log(wide))
    return sizes, np.log(meant / drawn).sum(axis=1)


def _parts(draws: int, count: int) -> Iterator[Array]:
    """Places of draws, so many at once as memory should hold."""
    step = max(1, NUMBERS // count**2)
    for start in range(0, draws, step):
        yield np.arange(start, min(start + step, draws))


def _total(covariance: Covariance, smooth: Array, sizes: _Sizes) -> tuple[Array, Array]:
    """Covariances (draws, K, K): of the errors, and of the gains without a spike."""
    tiny = 1e-10 * sizes.spike * np.eye(len(smooth))
    errors = covariance.scaled(sizes.errors) + tiny
    total = errors + (smooth * sizes.slopes[:, None]) @ smooth.T
    total += sizes.rough[:, None, None] * np.eye(len(smooth))
    return errors, total


def _log_weights(gains: Array, covariance: Covariance, smooth: Array, sizes: _Sizes) -> Array:
    """Logarithm of the likelihood of sizes, (draws, 1 + K): without a spike, or one at a mix."""
    _, total = _total(covariance, smooth, sizes)
    inverse = np.linalg.inv(total)
    residual = inverse @ gains
    likelihood = -0.5 * (np.linalg.slogdet(total)[1] + residual @ gains)
    # One mix more with a variance of its own: Sherman and Morrison 1950.
    wider = 1 + sizes.spike * np.diagonal(inverse, axis1=1, axis2=2)
    spike = 0.5 * (sizes.spike * residual**2 / wider - np.log(wider)) + np.log(SPIKES / len(gains))
    none = np.full(len(spike), np.log(1 - SPIKES))
    log_weights: Array = np.column_stack([none, spike]) + likelihood[:, None]
    return log_weights


def _drawn(
    gains: Array,
    covariance: Covariance,
    smooth: Array,
    sizes: _Sizes,
    which: Array,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """A draw of the coefficients and of the mixes for each of the sizes; which: 1 + its spike."""
    errors, total = _total(covariance, smooth, sizes)
    deviation = np.repeat(sizes.rough[:, None], len(gains), axis=1)
    here = np.flatnonzero(which)
    deviation[here, which[here] - 1] += sizes.spike
    total[here, which[here] - 1, which[here] - 1] += sizes.spike
    slopes = rng.standard_normal(sizes.slopes.shape) * np.sqrt(sizes.slopes)
    beside = rng.standard_normal(deviation.shape) * np.sqrt(deviation)
    noise = np.linalg.cholesky(errors) @ rng.standard_normal((*deviation.shape, 1))
    left = gains - slopes @ smooth.T - beside - noise[..., 0]
    pull = np.linalg.solve(total, left[..., None])[..., 0]
    slopes += sizes.slopes * (pull @ smooth)
    beside += deviation * pull
    return slopes, slopes @ smooth.T + beside


def _size(covariance: Array) -> float:
    return float(np.sqrt(np.diag(covariance).mean()))


def _systematic(weights: Array, draws: int, rng: np.random.Generator) -> Array:
    """Places by their weights, with little noise of the draw (Kitagawa 1996)."""
    places = (np.arange(draws) + rng.random()) / draws
    order: Array = np.minimum(np.searchsorted(np.cumsum(weights), places), len(weights) - 1)
    return order
