"""Systems on the same items: paired differences of two or more, with what they claim."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from mixtura.core.tables import Table, check
from mixtura.infer.comparisons import Comparison, Pair, arm_comparisons, arm_intervals, study_of
from mixtura.infer.metrics import Metric, mean_of
from mixtura.infer.runs import Key, Run, runs_of
from mixtura.infer.verdicts import verdict_of
from mixtura.prepare.tables import ItemScores

Scores = pl.DataFrame | Mapping[str, ArrayLike]
DEFAULTS: dict[str, pl.Expr] = {
    **{"task": pl.lit(""), "metric": pl.lit("score"), "replicate": pl.lit(0), "seed": pl.lit(0)},
    **{"group": pl.lit(None), "lower": pl.lit(False)},
}
FAMILY = ["task", "metric"]
RUN = ["replicate", "seed"]


class SystemComparisons(Table):
    """Systems beside each other: one row for each two of them, task and metric."""

    task = dy.String(primary_key=True, description="task; empty where there is one without a name")
    metric = dy.String(primary_key=True, description="what the scores are")
    system = dy.String(primary_key=True, description="system that is compared")
    other = dy.String(primary_key=True, description="system that it is compared to")
    lower = dy.Bool(description="whether smaller scores are better")
    value = dy.Float64(description="mean score of the system")
    other_value = dy.Float64(description="mean score of the other")
    difference = dy.Float64(description="score of the system minus that of the other, paired")
    low = dy.Float64(description="lower end of its interval, of itself alone")
    high = dy.Float64(description="upper end of this interval")
    simultaneous_low = dy.Float64(
        description="lower end of its simultaneous interval: those of all rows hold together"
    )
    simultaneous_high = dy.Float64(description="upper end of this interval")
    p_value = dy.Float64(description="two-sided, of this comparison alone")
    p_simultaneous = dy.Float64(
        description="of all comparisons; agrees with the simultaneous interval"
    )
    p_step_down = dy.Float64(description="of all comparisons, step-down; the verdict rests on it")
    verdict = dy.String(
        description='"gain shown", "loss shown", "no gain above" or "no loss above" its bound, or '
        '"too small to tell"'
    )
    bound = dy.Float64(description="of the verdict, as in the findings of a study")
    margin = dy.Float64(nullable=True, description="largest difference that does not matter")
    not_worse = dy.Bool(
        nullable=True, description="whether a loss of the margin or more is excluded"
    )
    equivalent = dy.Bool(
        nullable=True, description="whether any difference of the margin or more is excluded"
    )
    detectable = dy.Float64(
        description="smallest true difference that such a test shows in 80 of 100 cases"
    )
    items_needed = dy.Int64(
        nullable=True,
        description="items that show the difference in question in 80 of 100 cases; null: no "
        "number of items does, only more replicates or seeds",
    )
    n = dy.Int64(description="items")
    groups = dy.Int64(description="groups of items that are hard or easy together")
    replicates = dy.Int64(description="replicates that both have")
    seeds = dy.Int64(description="runs in a replicate that both have, identical ones once")


def compare(
    scores: Scores,
    *,
    groups: Sequence[object] | None = None,
    baseline: str | None = None,
    all_pairs: bool = False,
    margin: float | None = None,
    visible: float | None = None,
    fixed: bool = False,
    level: float = 0.95,
    seed: int = 0,
) -> pl.DataFrame:
    """Paired differences between systems with intervals, verdicts and what more items would show.

    `scores` is a frame with a row for each score: columns system, item, score (a number or truth
    value) and perhaps task, metric, replicate, seed, group (equal values: items that are hard or
    easy together, such as questions on one document) and lower (smaller scores are better). Or it
    is a mapping of systems to arrays (items,) or (seeds, items), the same items in the same order;
    `groups` is then (items,).

    Every system is compared to `baseline`, by default the first; with `all_pairs` to every one
    before it. A difference is of scores in their unit, and positive where the system has the larger
    one. With several replicates, or of one replicate several seeds that differ, intervals are for
    new ones and new items; else, and where `fixed` averages all runs of a system, the systems are
    what they are and intervals are for new items. Scores between 0 and 1 are taken to be bounded.

    `margin` is the largest difference that does not matter: it decides `not_worse`, `equivalent`
    and the verdicts "no gain above" and "no loss above". `items_needed` is for a true difference of
    `visible`, by default the margin, else the observed difference, in 80 of 100 studies.

    Intervals of `level` and corrected p-values hold over all comparisons of the call together.
    The result has the columns of `SystemComparisons`. Raises ValueError where
    scores are missing, stand twice, are no numbers, or systems do not have the same items.

    Source: as `mixtura.infer.findings.findings`; equivalence by an interval inside the margins,
    Schuirmann 1987, at half the level of error that its two tests would allow.
    """
    for name, number in (("margin", margin), ("visible", visible)):
        if number is not None and not (math.isfinite(number) and number > 0):
            raise ValueError(f"{name} is {number}: it must be a number above 0")
    frame = _frame(scores, groups)
    if fixed:
        frame = _averaged(frame)
    systems = frame["system"].unique(maintain_order=True).to_list()
    pairs = _pairs(systems, baseline, all_pairs)
    parts = frame.partition_by(FAMILY, maintain_order=True, as_dict=True)
    rows = [
        {"task": task, "metric": metric, **row}
        for (task, metric), part in parts.items()
        for row in _family(part, pairs, margin, visible, level, seed, len(parts))
    ]
    if not rows:
        raise ValueError("no task has scores of two of the systems: nothing can be compared")
    table = pl.DataFrame(rows, SystemComparisons.types()).fill_nan(None)
    check(table, "comparisons", SystemComparisons)
    return table


def score_runs(scores: pl.DataFrame) -> dict[Key, Run]:
    """The runs of one metric of scores: columns arm, model, seed, id, score, perhaps more.

    As `mixtura.infer.runs.runs_of` of predictions; nothing is right or wrong, the score counts.
    """
    nothing = pl.lit("")
    return runs_of(scores.with_columns(gold=nothing, predicted=nothing), {"score"})


def item_metric(scores: pl.DataFrame) -> Metric:
    """The mean of the scores of items, columns score and lower; from 0 to 1 where all are."""
    low, high = scores.select(low=pl.col("score").min(), high=pl.col("score").max()).row(0)
    bounds = (0.0, 1.0) if low >= 0 and high <= 1 else (-np.inf, np.inf)
    return mean_of("score", scores["lower"][0], bounds)


def _frame(scores: Scores, groups: Sequence[object] | None) -> pl.DataFrame:
    """Scores as `ItemScores`, checked."""
    if isinstance(scores, Mapping):
        frame = pl.concat(_arrays(scores, groups))
    elif groups is not None:
        raise ValueError("groups belong to arrays; a frame has a column group")
    else:
        frame = scores
    if missing := {"system", "item", "score"} - set(frame.columns):
        raise ValueError(
            f"scores lack the columns {sorted(missing)}; columns are: {', '.join(frame.columns)}"
        )
    kind = frame.schema["score"]
    if not (kind.is_numeric() or kind == pl.Boolean):
        raise ValueError(f"column 'score' holds {kind}: give numbers, or true and false")
    absent = {name: value for name, value in DEFAULTS.items() if name not in frame.columns}
    types = ItemScores.types()
    frame = frame.with_columns(**absent).select(pl.col(name).cast(types[name]) for name in types)
    check(frame, "scores", ItemScores)
    return frame


def _arrays(
    scores: Mapping[str, ArrayLike], groups: Sequence[object] | None
) -> Iterator[pl.DataFrame]:
    """A frame for each system; the place of a score in its array is its item."""
    for system, values in scores.items():
        array = np.atleast_2d(np.asarray(values))
        if array.ndim != 2 or not array.size:
            raise ValueError(
                f"scores of {system}: shape {np.shape(values)}; allowed: (items,), (seeds, items)"
            )
        runs, items = array.shape
        if groups is not None and len(groups) != items:
            raise ValueError(f"scores of {system}: {items} items, but {len(groups)} groups")
        columns = {
            "item": np.tile(np.arange(items), runs).astype(str),
            "seed": np.repeat(np.arange(runs), items),
            "score": array.ravel(),
        }
        group = None if groups is None else [str(name) for name in groups] * runs
        yield pl.DataFrame(columns).with_columns(
            system=pl.lit(system), group=pl.Series(group, dtype=pl.String) if group else None
        )


def _averaged(frame: pl.DataFrame) -> pl.DataFrame:
    """Scores with the mean over the runs of a system in place of each."""
    keys = [name for name in frame.columns if name not in (*RUN, "score")]
    means = frame.group_by(keys, maintain_order=True).agg(pl.col("score").mean())
    return means.with_columns(pl.lit(0, pl.Int64).alias(name) for name in RUN).select(frame.columns)


def _pairs(systems: Sequence[str], baseline: str | None, all_pairs: bool) -> list[Pair]:
    """Which systems are compared: each to the baseline, or each to all before it."""
    if len(systems) < 2:
        raise ValueError(f"scores are of {', '.join(systems)} alone: give two systems or more")
    if baseline is not None and baseline not in systems:
        raise ValueError(f"baseline {baseline!r} has no scores; systems are: {', '.join(systems)}")
    first = systems[0] if baseline is None else baseline
    order = [first, *(name for name in systems if name != first)]
    chosen = combinations(order, 2) if all_pairs else ((first, name) for name in order[1:])
    return [Pair(system, other, system) for other, system in chosen]


def _family(
    scores: pl.DataFrame,
    pairs: Sequence[Pair],
    margin: float | None,
    visible: float | None,
    level: float,
    seed: int,
    families: int,
) -> Iterator[dict[str, object]]:
    """The comparisons of one metric on one task, of so many such families."""
    name = " ".join(filter(None, scores.select(FAMILY).row(0)))
    _same_items(scores, name)
    frame = scores.select("replicate", "seed", "group", "score", arm="system", id="item")
    runs = score_runs(frame.with_columns(model=pl.lit(name)))
    metric = item_metric(scores)
    study = study_of(runs, metric, level, seed, fixed=True)
    values = {row["arm"]: row for row in arm_intervals(study).iter_rows(named=True)}
    chosen = [pair for pair in pairs if {pair.arm, pair.other} <= values.keys()]
    for comparison in arm_comparisons(chosen, "baseline", study, families):
        verdict, bound = verdict_of(comparison, metric, margin or 0.0, 1 - level)
        about = values[comparison.arm]
        yield {
            **{
                key: getattr(comparison, key)
                for key in SystemComparisons.types()
                if hasattr(comparison, key)
            },
            **{"system": comparison.arm, "lower": metric.lower},
            **{"value": about["value"], "other_value": values[comparison.other]["value"]},
            **{"verdict": verdict, "bound": bound, "margin": margin},
            **_within(comparison, metric.lower, margin),
            "items_needed": items_needed(
                comparison, about["n"], visible or margin or abs(comparison.difference)
            ),
            **{"n": about["n"], "groups": about["groups"]},
        }


def _within(comparison: Comparison, lower: bool, margin: float | None) -> dict[str, bool | None]:
    """Whether the simultaneous interval excludes a loss, or any difference, above the margin."""
    if margin is None:
        return {"not_worse": None, "equivalent": None}
    low, high = comparison.simultaneous_low, comparison.simultaneous_high
    worst = -high if lower else low
    return {"not_worse": worst > -margin, "equivalent": -margin < low and high < margin}


def items_needed(comparison: Comparison, items: int, visible: float) -> int | None:
    """Items with which a true difference is shown in 80 of 100 studies; None: no number suffices.

    The part of the error that is not of the items stays: more replicates or seeds alone shrink it.
    """
    if not visible or not comparison.detectable > 0:
        return None
    rest = (visible / comparison.detectable) ** 2 - (1 - comparison.row_share)
    return math.ceil(items * comparison.row_share / rest) if rest > 0 else None


def _same_items(scores: pl.DataFrame, name: str) -> None:
    """Raise ValueError unless every run has the same items, each in one group."""
    runs = scores.partition_by("system", *RUN, maintain_order=True)
    first, *others = runs
    items = set(first["item"])
    for run in others:
        if missing := sorted(items ^ set(run["item"])):
            lacks = run if missing[0] in items else first
            where = (
                f"{lacks['system'][0]} (replicate {lacks['replicate'][0]}, seed {lacks['seed'][0]})"
            )
            raise ValueError(
                f"{name}: {where} has no score of item {missing[0]!r}"
                + (f" ({len(missing)} items are not in all runs)" if len(missing) > 1 else "")
                + "; give runs on the same items, or compare on those that all have"
            )
    split = scores.group_by("item", maintain_order=True).agg(pl.col("group").n_unique())
    if (mixed := split.filter(pl.col("group") > 1)).height:
        raise ValueError(f"{name}: item {mixed['item'][0]!r} is of several groups; give it one")


def common_items(scores: pl.DataFrame) -> pl.DataFrame:
    """The scores of items that all runs of their task and metric have."""
    runs = pl.struct("system", *RUN)
    of_item = runs.n_unique().over(*FAMILY, "item")
    return scores.filter(of_item == runs.n_unique().over(FAMILY))
