"""The table of findings: every arm beside its baseline and its control."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields

import polars as pl

from mixtura.infer.comparisons import (
    Comparison,
    Pair,
    Study,
    arm_comparisons,
    arm_intervals,
    study_of,
)
from mixtura.infer.metrics import metric_of
from mixtura.infer.parts import of_all_mixes
from mixtura.infer.runs import Key, Run, runs_of, test_sets
from mixtura.infer.tables import Findings
from mixtura.infer.verdicts import verdict_of

SMALLEST_GAIN = 0.02
REQUIRED = {
    *("arm", "design", "generator", "pipeline", "level", "n_real", "n_generated", "baseline")
}
ROLES = {"baseline": "", "control": "control_"}  # what an arm is compared to -> its columns
SHARED = ("replicates", "seeds")  # of an arm, in which it has them in common with its baseline
COMPARED = [field.name for field in fields(Comparison) if field.name != "row_share"]
COMPARED += ["verdict", "bound"]


def findings(
    predictions: pl.DataFrame,
    arms: pl.DataFrame,
    metrics: Sequence[str] = ("accuracy", "macro_f1"),
    seed: int = 0,
    level: float = 0.95,
    smallest_gain: float = SMALLEST_GAIN,
    shared: float | None = None,
) -> pl.DataFrame:
    """Compare every arm with its real-only baselines: one row per (row of arms, model, metric).

    predictions has a row per arm, model, replicate, seed and test item, with columns arm, model,
    seed, id, gold, predicted (null is a wrong answer), those of metrics of numbers and perhaps
    replicate (else there is one), test and group (test rows that are hard or easy together); arms
    has arm, design, generator, pipeline, level, n_real, n_generated, baseline (null for an arm that
    is a baseline itself) and perhaps control (another arm to compare with, such as repeated real
    rows). The result has the columns of `mixtura.infer.tables.Findings`.

    Estimates are means over replicates, of which each is the mean of its trainings; intervals are
    for new replicates and new test rows. With one replicate they are for this draw: for new
    trainings and test rows. `seed` starts the draws of the simultaneous intervals; `shared` is
    what `mixtura.infer.runs.shared_rows` gives for all test rows, where these are some of them.
    Replicates that an allocation gave to some mixes alone are left out: no choice touches a
    verdict.

    Raises ValueError when columns or arms are missing, when seeds of an arm hold different test
    items, or when arm and baseline do.
    """
    predictions = of_all_mixes(predictions)
    if "test" not in predictions.columns:
        predictions = predictions.with_columns(test=pl.lit("test"))
    numbers = {column for name in metrics for column in metric_of(name).columns}
    runs = {
        test: runs_of(predictions.filter(test=test), numbers, shared)
        for test in test_sets(predictions)
    }
    return findings_of(runs, arms, metrics, seed, level, smallest_gain)


def findings_of(
    tests: Mapping[str, Mapping[Key, Run]],
    arms: pl.DataFrame,
    metrics: Sequence[str],
    seed: int = 0,
    level: float = 0.95,
    smallest_gain: float = SMALLEST_GAIN,
) -> pl.DataFrame:
    """`findings` of runs: those of every test set, by its name."""
    if not tests:
        raise ValueError("predictions are empty")
    studies = [
        (test, name, study_of(runs, metric_of(name), level, seed))
        for test, runs in tests.items()
        for name in metrics
    ]
    return findings_of_studies(studies, arms, smallest_gain)


def findings_of_studies(
    studies: Iterable[tuple[str, str, Study]],
    arms: pl.DataFrame,
    smallest_gain: float = SMALLEST_GAIN,
) -> pl.DataFrame:
    """`findings` of runs with their scores, by the names of test set and metric."""
    if missing := REQUIRED - set(arms.columns):
        raise ValueError(f"arms lack the columns {sorted(missing)}")
    if arms.select("arm", "design", "baseline").is_duplicated().any():
        raise ValueError("arms compare an arm with the same baseline twice in one design")
    if "control" not in arms.columns:
        arms = arms.with_columns(control=pl.lit(None, pl.String))
    arms = arms.select(name for name in arms.columns if name in Findings.columns())
    parts = []
    for test, name, study in studies:
        if unknown := {arm for arm, _ in study.runs} - set(arms["arm"]):
            raise ValueError(f"predictions hold arms that arms does not list: {sorted(unknown)}")
        part = _compared(arms, study, smallest_gain)
        parts.append(part.with_columns(metric=pl.lit(name), test=pl.lit(test)))
    if not parts:
        return Findings.create_empty()
    frame = pl.concat(parts)
    types = Findings.types()
    absent = {name: pl.lit(None) for name in types if name not in frame.columns}
    frame = frame.with_columns(**absent).select(pl.col(name).cast(types[name]) for name in types)
    return frame.fill_nan(None).rechunk()


def _compared(arms: pl.DataFrame, study: Study, smallest_gain: float) -> pl.DataFrame:
    """The rows of the arms, each once a model, with its score and its comparisons."""
    table = arms.join(arm_intervals(study), on="arm", maintain_order="left_right")
    source = pl.concat_str("generator", "pipeline", "level", separator="/", ignore_nulls=True)
    for role, prefix in ROLES.items():
        pairs = arms.select("arm", role, source.alias("set")).drop_nulls(role)
        unique = pairs.unique(["arm", role], keep="first", maintain_order=True)
        rows = []
        for comparison in arm_comparisons([Pair(*row) for row in unique.rows()], role, study):
            verdict, bound = verdict_of(comparison, study.metric, smallest_gain, 1 - study.level)
            rows.append(asdict(comparison) | {"verdict": verdict, "bound": bound})
        table = table.join(
            _columns(rows, role, prefix),
            on=["arm", "model", role],
            how="left",
            maintain_order="left",
        )
    shared = [pl.coalesce(f"shared_{name}", name).alias(name) for name in SHARED]
    return table.with_columns(shared)


def _columns(rows: list[dict[str, object]], role: str, prefix: str) -> pl.DataFrame:
    """The comparisons of a role, in columns of the findings."""
    types = Findings.types()
    names = {name: f"{prefix}{name}" for name in COMPARED if name not in ("arm", "model", "other")}
    if not prefix:
        names |= {"low": "difference_low", "high": "difference_high"}
        names |= {name: f"shared_{name}" for name in SHARED}
    names["other"] = role
    schema = {name: types[name if name in types else names[name]] for name in COMPARED}
    return pl.DataFrame(rows, schema).rename(names)
