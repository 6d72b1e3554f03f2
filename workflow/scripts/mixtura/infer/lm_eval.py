"""Findings on tasks of lm-eval, as those on the test set of the study."""

import polars as pl

from mixtura.infer.comparisons import study_of
from mixtura.infer.findings import SMALLEST_GAIN, findings_of_studies
from mixtura.infer.parts import of_all_mixes
from mixtura.infer.systems import item_metric, score_runs


def task_findings(
    items: pl.DataFrame,
    arms: pl.DataFrame,
    seed: int = 0,
    level: float = 0.95,
    smallest_gain: float = SMALLEST_GAIN,
) -> pl.DataFrame:
    """The columns of `mixtura.infer.tables.Findings`; a task is a test set.

    items are scores of all runs, columns of `mixtura.train.tables.LmEvalItems`, and arms as for
    `mixtura.infer.findings.findings`. No rows where no task scores each item by a number. Raises
    ValueError as `findings`.
    """
    studies = [
        (task, metric, study_of(score_runs(of_all_mixes(part)), item_metric(part), level, seed))
        for (task, metric), part in items.rename({"item": "id"})
        .partition_by("task", "metric", maintain_order=True, as_dict=True)
        .items()
    ]
    return findings_of_studies(studies, arms, smallest_gain)
