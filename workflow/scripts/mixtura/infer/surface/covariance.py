"""How the gains of many mixes err together: replicates, generated sets, trainings, test rows."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import interpolate

from mixtura.infer.crossed import Parts, parts_of
from mixtura.infer.metrics import Array

MOST_ALIKE = 0.95  # correlations are estimated from few replicates: none is taken for more
SIZES = np.geomspace(0.1, 3000, 21)  # true over estimated variances, of a grid
MANY = 10  # draws of which one is taken by its likelihood


@dataclass(frozen=True)
class Covariance:
    """Covariances (K, K) of the errors of K mean gains, in the metric's unit squared."""

    common: Array  # luck that mixes share: the real rows, the training of their baseline
    specific: Array  # of each mix: the text, which mixes of one set share, and its training
    rows: Array  # of the test rows, which all share
    freedom: float  # degrees of freedom of `common`; 0 where no two trainings differ
    specific_freedom: float
    row_freedom: float
    evidence: Array | None = None  # of `common` and `specific` at SIZES (c, s), a log likelihood

    @property
    def total(self) -> Array:
        """The covariance of the mean gains."""
        total: Array = self.common + self.specific + self.rows
        return total

    def scales(self, draws: int, rng: np.random.Generator) -> Array:
        """True over estimated variances that the data leave open, (draws, 3): of each part.

        Source: the Behrens-Fisher distribution, Fisher 1935; with evidence, draws of it taken by
        their likelihood (sampling-importance resampling, Rubin 1987).
        """
        many = draws if self.evidence is None else MANY * draws
        freedoms = (self.freedom, self.specific_freedom, self.row_freedom)
        scales = np.column_stack(
            [
                freedom / rng.chisquare(freedom, many) if freedom else np.zeros(many)
                for freedom in freedoms
            ]
        )
        if self.evidence is None:
            return scales
        axes, places = (np.log(SIZES),) * 2, np.log(scales[:, :2])
        # Beyond the grid it falls as a power does, which is a line here.
        likely = interpolate.interpn(
            axes, self.evidence, places, bounds_error=False, fill_value=None
        )
        weights = np.exp(likely - likely.max())
        return scales[rng.choice(many, draws, p=weights / weights.sum())]

    def scaled(self, scales: Array) -> Array:
        """Covariances of the mean gains, (draws, K, K), for such scales."""
        parts = np.stack([self.common, self.specific, self.rows])
        return np.tensordot(scales, parts, axes=1)


def covariance_of(
    means: Array,
    influence: Array,
    short: Array,
    sets: Array,
    baselines: Array,
    overlap: float = 0.0,
) -> Covariance:
    """Of gains (units, K), nan where a mix lacks a unit, with the influence of the test rows.

    influence (units, K, groups), `short` (K,) and `overlap` are as in
    `mixtura.infer.crossed.parts_of`;
    sets and baselines (K,) are codes of the generated set and of the real rows alone that a gain is
    over. Variances are those of the comparisons; how far errors are alike, in one set or over two
    baselines, is estimated over all of them at once.
    """
    count = means.shape[1]
    common, specific, rows = (np.zeros(count) for _ in range(3))
    parts: list[Parts] = []
    for code in np.unique(baselines):
        some = np.flatnonzero(baselines == code)
        part = parts_of(means[:, some], influence[:, some], sets[some], short[some], overlap)
        common[some], specific[some], rows[some] = part.common, part.specific, part.rows
        parts.append(part)
    same = baselines[:, None] == baselines
    centre = np.eye(count) - same / same.sum(axis=1)
    of_set = _alike_in_sets(means, sets, baselines)
    alike = centre @ np.where(sets[:, None] == sets, of_set, 0.0) @ centre
    alike += (1 - of_set) * centre  # a training is its own
    over = np.where(same, 1.0, _alike_over_baselines(means, baselines))
    row = np.nanmean(influence, axis=0)
    return Covariance(
        _scaled(over, common),
        _scaled(_correlation(alike), specific),
        _scaled(_correlation(row @ row.T), rows),
        min(part.freedom for part in parts),
        min(part.specific_freedom for part in parts),
        parts[0].row_freedom,
    )


def of_units(covariance: Covariance, units: Array) -> tuple[Array, Array]:
    """Covariances (K, K) of gains in one replicate: what mixes share, and what each has alone.

    units (K,) are the replicates that the means of the covariance are over.
    """
    scale = np.sqrt(np.outer(units, units))
    return covariance.common * scale, covariance.specific * scale


def with_units(
    y: Array, chosen: Array, common: Array, alone: Array, covariance: Covariance
) -> tuple[Array, Covariance]:
    """Gains (K,) and their covariance with the `chosen` replicates, that some mixes alone have.

    y is (units, K), nan where a mix lacks a unit; `common` and `alone` are what `of_units` says of
    the covariance, which is that of the units that all mixes have. A replicate of a few mixes moves
    them together, so that plain means would favour mixes by the replicates that they have. How
    gains differ inside chosen replicates and between them says how large both variances are.

    Source: generalised least squares, Aitken 1936.
    """
    tiny = 1e-9 * (np.trace(common + alone) / len(common) or 1.0) * np.eye(len(common))
    information = np.zeros_like(common)
    weights = np.zeros((len(y), *common.shape))
    for unit, present in enumerate(np.isfinite(y)):
        here = np.ix_(present, present)
        weights[unit][here] = np.linalg.inv((common + alone + tiny)[here])
        information += weights[unit]
    weights = np.linalg.solve(information, weights)
    means = np.einsum("ukj,uj->k", weights, np.nan_to_num(y))
    parts = (np.einsum("uki,ij,ulj->kl", weights, part, weights) for part in (common, alone))
    covariance = replace(covariance, **dict(zip(("common", "specific"), parts, strict=True)))
    if not covariance.freedom:
        return means, covariance
    total = SIZES[:, None, None, None] * common + SIZES[:, None, None] * alone + tiny
    evidence = _restricted(y, total) - _restricted(y[~chosen], total)
    return means, replace(covariance, evidence=evidence)


def _restricted(y: Array, total: Array) -> Array:
    """Log likelihood of covariances (..., K, K) of gains in a unit, whatever the K true gains.

    y is (units, K), nan where a mix lacks a unit.

    Source: restricted maximum likelihood, Patterson and Thompson 1971.
    """
    information, pull = np.zeros_like(total), np.zeros(total.shape[:-1])
    double = np.zeros(total.shape[:-2])
    for gains in y:
        present = np.flatnonzero(np.isfinite(gains))
        here = (..., present[:, None], present)
        inverse = np.linalg.inv(total[here])
        weighted = inverse @ gains[present]
        information[here] += inverse
        pull[..., present] += weighted
        double -= weighted @ gains[present] + np.linalg.slogdet(total[here])[1]
    fitted = np.linalg.solve(information, pull[..., None])[..., 0]
    double += (pull * fitted).sum(axis=-1) - np.linalg.slogdet(information)[1]
    return double / 2


def _scaled(correlation: Array, variances: Array) -> Array:
    scale = np.sqrt(variances)
    covariance: Array = correlation * np.outer(scale, scale)
    return covariance


def _correlation(covariance: Array) -> Array:
    scale = np.sqrt(np.diag(covariance))
    scale[scale == 0] = 1
    correlation: Array = covariance / np.outer(scale, scale)
    return correlation


def _alike_in_sets(means: Array, sets: Array, baselines: Array) -> float:
    """Correlation of what mixes of one generated set have beside the luck of their baseline."""
    complete = np.isfinite(means).all(axis=1)
    y = means[complete]
    if len(y) < 2:
        return 0.0
    same = baselines[:, None] == baselines
    y = y - y.mean(axis=0)
    y = y - y @ (same / same.sum(axis=1))
    correlation = _correlation(y.T @ y)
    pairs = np.triu(same, 1)
    inside, outside = pairs & (sets[:, None] == sets), pairs & (sets[:, None] != sets)
    if not inside.any() or not outside.any():
        return 0.0
    less = correlation[outside].mean()  # centring alone makes this negative
    return float(np.clip((correlation[inside].mean() - less) / (1 - less), 0, MOST_ALIKE))


def _alike_over_baselines(means: Array, baselines: Array) -> float:
    """Correlation of the mean gains over two baselines: replicates share real rows."""
    codes = np.unique(baselines)
    complete = np.isfinite(means).all(axis=1)
    if len(codes) < 2 or complete.sum() < 2:
        return 0.0
    y = np.stack([means[complete][:, baselines == code].mean(axis=1) for code in codes], axis=1)
    y = y - y.mean(axis=0)
    correlation = _correlation(y.T @ y)
    return float(np.clip(correlation[np.triu_indices(len(codes), 1)].mean(), 0, MOST_ALIKE))
