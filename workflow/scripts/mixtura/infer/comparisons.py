"""Arms against the arm that each is compared to, on one test set and one metric."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from mixtura.core.streams import stream_seed
from mixtura.infer.crossed import Parts, parts_of
from mixtura.infer.influence import RunScores
from mixtura.infer.intervals import (
    half_width,
    interval_of,
    least_margin,
    with_rare_differences,
)
from mixtura.infer.metrics import Array, Metric
from mixtura.infer.runs import Key, Run
from mixtura.infer.simultaneous import infer

Place = tuple[int, int]  # replicate and seed of a training


@dataclass(frozen=True)
class Pair:
    """An arm, the arm that it is compared to, and the generated set that the first draws on."""

    arm: str
    other: str
    set: str


@dataclass(frozen=True)
class Comparison:
    """An arm of a model beside another: `difference` is its score minus that of the other."""

    arm: str
    model: str
    other: str
    difference: float
    low: float  # of this comparison alone
    high: float
    simultaneous_low: float  # of all comparisons of the metric and test set together
    simultaneous_high: float
    p_value: float  # of this comparison alone; nan, as the next three, where no trainings differ
    p_simultaneous: float
    p_step_down: float
    detectable: float
    replicates: int
    seeds: int
    row_share: float  # of the error's variance, that more test rows make smaller


@dataclass(frozen=True)
class Study:
    """The runs of a test set and their scores by one metric.

    `fixed`: the arms are what they are, no draws of others, so that test rows alone are evidence
    where no two trainings of a replicate differ.
    """

    runs: Mapping[Key, Run]
    scores: Mapping[Key, RunScores]
    metric: Metric
    level: float
    seed: int
    fixed: bool = False


class Units(NamedTuple):
    """Differences of K pairs in each unit of evidence; nan where a pair lacks it."""

    means: Array  # (units, K)
    influence: Array  # (units, K, groups of test rows)
    short: Array  # (K,) whether a pair lacks trainings that others have
    overlap: float  # of folds, see `mixtura.infer.runs.Run.overlap`


def study_of(
    runs: Mapping[Key, Run], metric: Metric, level: float, seed: int, fixed: bool = False
) -> Study:
    """All runs with their scores."""
    scores = {key: run.scores(metric) for key, run in runs.items()}
    return Study(runs, scores, metric, level, seed, fixed)


def arm_intervals(study: Study) -> pl.DataFrame:
    """Score of every arm and model with its interval, one row each.

    An arm that lacks replicates or trainings has the width of the widest complete arm of its model
    at least, more for each lacking replicate: chance never makes it look surer than its peers.
    """
    alone = {
        key: _parts([(run.places, study.scores[key])], overlap=run.overlap)
        for key, run in study.runs.items()
    }
    halves = {key: half_width(part, study.metric, study.level) for key, part in alone.items()}
    rows = []
    for key, run in study.runs.items():
        peers = [other for other in study.runs if other[1] == key[1]]
        most = max(len(study.runs[other].places) for other in peers)
        complete = [other for other in peers if len(study.runs[other].places) == most]
        half, count = halves[key], len(run.replicates)
        if key not in complete:
            lacking = len(study.runs[complete[0]].replicates) / count
            half = max(half, max(halves[other] for other in complete) * lacking**0.5)
        interval = interval_of(float(alone[key].mean[0]), half, study.metric)
        seeds = 1 if run.identical else len(run.places) // count
        counts = (len(set(run.ids)), int(run.groups.max()) + 1, count, seeds, run.identical)
        rows.append((*key, *interval, *counts))
    names = ["arm", "model", "value", "low", "high", "n", "groups"]
    return pl.DataFrame(rows, [*names, "replicates", "seeds", "identical"], orient="row")


def arm_comparisons(
    pairs: Iterable[Pair], role: str, study: Study, families: int = 1
) -> list[Comparison]:
    """Every pair whose arms have runs, by model.

    Those of one model with one other arm are a group, for they share its luck; the groups share
    the level, so that the simultaneous intervals of all hold together, and those of as many calls
    as there are `families` of this size. Raises ValueError, in which
    `role` says what the second arm is, where it has no predictions, other test items, or no
    training in common.

    Source: Sidak 1967, which is conservative for groups that share test rows.
    """
    groups = grouped(pairs, study)
    return [
        comparison
        for (_, model), members in groups.items()
        for comparison in _group(members, model, role, study, len(groups) * families)
    ]


def grouped(pairs: Iterable[Pair], study: Study) -> dict[tuple[str, str], list[Pair]]:
    """(other arm, model) -> the pairs whose first arm has runs of this model."""
    groups: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs:
        for arm, model in study.runs:
            if arm == pair.arm:
                groups.setdefault((pair.other, model), []).append(pair)
    return groups


def _group(
    members: Sequence[Pair], model: str, role: str, study: Study, groups: int
) -> Iterator[Comparison]:
    """The comparisons of one model with one other arm, of so many groups."""
    other = members[0].other
    changes = [paired(pair, model, role, study) for pair in members]
    parts = _parts(changes, [pair.set for pair in members], study.runs[other, model].overlap)
    rng = np.random.default_rng(stream_seed(study.seed, "simultaneous", role, other, model))
    of_rows = study.fixed and not parts.freedom
    if of_rows:
        parts = with_rare_differences(parts, study.metric)
    result = infer(parts, study.level, study.level ** (1 / groups), rng, of_rows=of_rows)
    low, high = study.metric.bounds
    least = least_margin(study.metric, parts)
    row_share = parts.rows / np.where(parts.error > 0, parts.error, 1) ** 2
    for place, (pair, (places, _)) in enumerate(zip(members, changes, strict=True)):
        mean, widest = float(parts.mean[place]), high - low
        floor = least if parts.error[place] == 0 else 0  # nothing varied in what was drawn
        ends: list[float] = []
        for margin in (result.margin[place], result.margin_together[place]):
            half = max(float(margin), floor)
            ends += np.clip([mean - half, mean + half], -widest, widest).tolist()
        p_simultaneous, p_step_down = (
            1 - (1 - float(p[place])) ** groups for p in (result.p_simultaneous, result.p_step_down)
        )
        runs = [study.runs[pair.arm, model], study.runs[other, model]]
        replicates = len({replicate for replicate, _ in places})
        yield Comparison(
            arm=pair.arm,
            model=model,
            other=other,
            difference=mean,
            low=ends[0],
            high=ends[1],
            simultaneous_low=ends[2],
            simultaneous_high=ends[3],
            p_value=float(result.p_value[place]),
            p_simultaneous=p_simultaneous,
            p_step_down=p_step_down,
            detectable=float(np.maximum(result.detectable[place], floor)),
            replicates=replicates,
            seeds=1 if all(run.identical for run in runs) else len(places) // replicates,
            row_share=float(row_share[place]),
        )


def paired(pair: Pair, model: str, role: str, study: Study) -> tuple[list[Place], RunScores]:
    """The trainings that both arms have, and the differences of the first to the other.

    Raises ValueError as `arm_comparisons`, whose `role` it is.
    """
    name = f"arm {pair.arm}, model {model}"
    if (pair.other, model) not in study.runs:
        raise ValueError(f"{name}: its {role} {pair.other} has no predictions")
    first, second = study.runs[pair.arm, model], study.runs[pair.other, model]
    if first.ids != second.ids or (first.gold != second.gold).any():
        raise ValueError(f"{name}: its test items are not those of its {role} {pair.other}")
    common = sorted(set(first.places) & set(second.places))
    if not common:
        raise ValueError(f"{name}: no seed in common with its {role} {pair.other}")
    scores = [
        study.scores[arm, model].at([run.places.index(place) for place in common])
        for arm, run in ((pair.arm, first), (pair.other, second))
    ]
    return common, scores[0].minus(scores[1])


def units_of(members: Sequence[tuple[list[Place], RunScores]], overlap: float = 0.0) -> Units:
    """Means over trainings in the units of evidence: replicates; of one, trainings that differ."""
    replicates = sorted({replicate for places, _ in members for replicate, _ in places})
    units = [[replicate for replicate, _ in places] for places, _ in members]
    if len(replicates) == 1 and any(
        np.ptp(scores.influence, axis=0).any() for _, scores in members
    ):
        units = [[seed for _, seed in places] for places, _ in members]
    names = sorted({unit for member in units for unit in member})
    groups = members[0][1].influence.shape[1]
    means = np.full((len(names), len(members)), np.nan)
    influence = np.full((*means.shape, groups), np.nan)
    for column, (member, (_, scores)) in enumerate(zip(units, members, strict=True)):
        for row, name in enumerate(names):
            if places := [place for place, unit in enumerate(member) if unit == name]:
                unit = scores.at(places)
                means[row, column] = unit.values.mean()
                influence[row, column] = unit.influence.mean(axis=0)
    trainings = np.array([len(places) for places, _ in members])
    return Units(means, influence, trainings < trainings.max(), overlap)


def _parts(
    members: Sequence[tuple[list[Place], RunScores]],
    sets: Sequence[str] = ("",),
    overlap: float = 0.0,
) -> Parts:
    """The variances of means over replicates; of one replicate, over trainings that differ."""
    units = units_of(members, overlap)
    return parts_of(units.means, units.influence, np.array(sets), units.short, overlap)
