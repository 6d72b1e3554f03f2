"""Findings on tasks of lm-eval are those of the same scores as predictions."""

import polars as pl

from labelled import replicated
from mixtura.core.tables import check
from mixtura.infer.findings import findings
from mixtura.infer.lm_eval import task_findings
from mixtura.infer.tables import LmEvalFindings
from mixtura.train.tables import LmEvalItems


def test_a_task_has_the_verdicts_of_a_test_set(rng):
    rows, arms = replicated(rng)
    names = {"id": "item"}
    items = rows.rename(names).select(
        *("arm", "model", "replicate", "seed"),
        task=pl.lit("mood"),
        metric=pl.lit("acc"),
        item="item",
        score=(pl.col("gold") == pl.col("predicted")).cast(pl.Float64),
        lower=pl.lit(False),
    )
    items = items.with_columns(pl.col("replicate", "seed").cast(pl.Int64))
    check(items, "items", LmEvalItems)
    tasks = task_findings(items, arms)
    check(tasks, "tasks", LmEvalFindings)
    expected = findings(rows, arms, ["accuracy"])
    named = expected.with_columns(metric=pl.lit("acc"), test=pl.lit("mood"))
    assert tasks.equals(named)
    assert set(tasks["verdict"].drop_nulls()) > {"gain shown", "loss shown"}
    worse = task_findings(items.with_columns(lower=True), arms)
    assert worse.filter(arm="D1")["verdict"].to_list() == ["loss shown"]
    assert task_findings(items.head(0), arms).is_empty()
