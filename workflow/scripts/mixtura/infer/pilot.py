"""The spreads that a study had, and how large it was: what the next one can see follows."""

from collections.abc import Iterator
from dataclasses import fields

import numpy as np
import polars as pl

from mixtura.infer.comparisons import Pair, Study, grouped, paired, study_of
from mixtura.infer.detect import Design, Spreads
from mixtura.infer.influence import RunScores
from mixtura.infer.metrics import Array, metric_of
from mixtura.infer.runs import runs_of

Members = list[tuple[list[tuple[int, int]], RunScores]]


def pilot(predictions: pl.DataFrame, arms: pl.DataFrame, metric: str) -> tuple[Spreads, Design]:
    """Spreads of the gains of a finished study, and its design, from the tables of `findings`.

    They are those of the test set of the task. Raises ValueError as `pilot_of`.
    """
    measure = metric_of(metric)
    if "test" in predictions.columns:
        predictions = predictions.filter(test="test")
    study = study_of(runs_of(predictions, set(measure.columns)), measure, 0.95, 0)
    return pilot_of(study, arms)


def pilot_of(study: Study, arms: pl.DataFrame) -> tuple[Spreads, Design]:
    """Spreads, means of the variances of all models and baselines, and the design of runs.

    Raises ValueError where no mix stands beside a baseline, or with a single replicate.
    """
    cubes = [_cube(members) for members in baseline_groups(study, arms)]
    if not cubes:
        raise ValueError("the study has no mix beside real data alone: nothing to take spreads of")
    if min(values.shape[0] for values, _ in cubes) < 2:
        raise ValueError(
            "the study has one replicate: how gains differ over replicates is not in it; give a "
            "study with `replicates` of 2 or more"
        )
    *variances, alike = np.mean([_variances(*cube) for cube in cubes], axis=0).tolist()
    values, influence = max(cubes, key=lambda cube: cube[0].shape[2])
    replicates, seeds, comparisons = values.shape
    design = Design(replicates, seeds, influence.shape[-1], comparisons, len(cubes))
    names = [field.name for field in fields(Spreads) if field.name != "alike"]
    spreads = dict(zip(names, np.sqrt(variances).tolist(), strict=True))
    return Spreads(**spreads, alike=alike), design


def baseline_groups(study: Study, arms: pl.DataFrame) -> Iterator[Members]:
    """For each model and baseline, the gains of its mixes, as `comparisons.paired` has them."""
    source = pl.concat_str("generator", "pipeline", "level", separator="/", ignore_nulls=True)
    mixes = arms.filter(pl.col("n_generated") > 0).select("arm", "baseline", source.alias("set"))
    mixes = mixes.drop_nulls("baseline").unique(["arm", "baseline"], maintain_order=True)
    for (_, model), pairs in grouped([Pair(*row) for row in mixes.rows()], study).items():
        yield [paired(pair, model, "baseline", study) for pair in pairs]


def _cube(members: Members) -> tuple[Array, Array]:
    """Gains (replicates, seeds, K) and influence (..., groups of rows) where no arm lacks any."""
    shared = set.intersection(*(set(places) for places, _ in members))
    replicates = sorted({replicate for replicate, _ in shared})
    # Seeds may be numbered anew in each replicate.
    seeds = {at: sorted(seed for replicate, seed in shared if replicate == at) for at in replicates}
    count = min(map(len, seeds.values()), default=0)
    order = [(at, seed) for at in replicates for seed in seeds[at][:count]]
    parts = [scores.at([places.index(place) for place in order]) for places, scores in members]
    shape = (len(replicates), count, len(members))
    values = np.stack([part.values for part in parts], axis=-1).reshape(shape)
    influence = np.stack([part.influence for part in parts], axis=1)
    return values, influence.reshape(*shape, -1)


def _variances(values: Array, influence: Array) -> Array:
    """The variances of `Spreads`, by the method of moments, and `alike`; (7,).

    Source: Searle, Casella and McCulloch 1992, chapter 4.
    """
    replicates, seeds, count, rows = influence.shape
    seed = seed_row = 0.0
    if seeds > 1:
        seed_row = influence.var(axis=1, ddof=1).mean()
        seed = (values.var(axis=1, ddof=1).mean() - seed_row / rows) / 2
    by_unit = influence.mean(axis=1)
    replicate_row = by_unit.var(axis=0, ddof=1).mean() - seed_row / seeds
    by_row = by_unit.mean(axis=0)
    covariance = by_row @ by_row.T / (rows - 1)
    row = np.trace(covariance) / count
    alike = 0.5
    if count > 1 and row:
        alike = (covariance.sum() - np.trace(covariance)) / (count * (count - 1)) / row
    unit_row = max(replicate_row, 0) + seed_row / seeds
    row -= unit_row / replicates
    y = values.mean(axis=1)
    between = y.mean(axis=1).var(ddof=1)
    if count > 1:
        residuals = y - y.mean(axis=0) - (y.mean(axis=1, keepdims=True) - y.mean())
        specific = (residuals**2).sum() / ((replicates - 1) * (count - 1))
        common = between - specific / count
    else:
        specific = common = between / 2
    of_seeds = max(seed, 0) / seeds
    common -= of_seeds + max(alike, 0) * unit_row / rows
    specific -= of_seeds + (1 - max(alike, 0)) * unit_row / rows
    parts = [common, specific, seed, row, replicate_row, seed_row, alike]
    clipped: Array = np.clip(parts, 0, [np.inf] * 6 + [1])
    return clipped
