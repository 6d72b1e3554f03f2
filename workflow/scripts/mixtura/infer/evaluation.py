"""The runs of a study, scored."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from mixtura.infer.alternatives import Answered, few_shot_predictions
from mixtura.infer.passes import passes_table, with_passes
from mixtura.infer.scoring import arms_table, run_scores, scored_rows
from mixtura.infer.settings import EvaluateSettings


class Evaluation(NamedTuple):
    """The tables of all runs."""

    predictions: pl.DataFrame  # columns of `mixtura.infer.tables.ItemPredictions`
    arms: pl.DataFrame  # of `mixtura.infer.tables.Arms`
    scores: pl.DataFrame  # of `mixtura.infer.tables.Scores`


def evaluation(
    runs: Sequence[tuple[pl.DataFrame, Mapping[str, Any]]],
    settings: EvaluateSettings,
    answers: Iterable[Answered] = (),
    grouped: pl.DataFrame | None = None,
) -> Evaluation:
    """Scores of all runs, and of a generator that labels the test rows in place of a model.

    `runs` holds the predictions of a run and what was written about them. `grouped` are all rows
    with their id and the column `settings.group`, where it is set. Raises ValueError as
    `few_shot_predictions` and `run_scores`.
    """
    arms = arms_table(settings.arms)
    trained = pl.concat([predictions for predictions, _ in runs])
    rows = pl.concat([trained, few_shot_predictions(answers, trained, arms)])
    predictions = scored_rows(rows, settings, grouped)
    passes = passes_table(runs)
    scores = run_scores(predictions, arms, settings.metrics, passes)
    return Evaluation(predictions, with_passes(arms, passes), scores)
