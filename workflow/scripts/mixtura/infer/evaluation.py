"""The runs of a study, scored."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from mixtura.infer.alternatives import Answered, few_shot_predictions
from mixtura.infer.passes import passes_table, with_passes
from mixtura.infer.scoring import arms_table, run_scores, scored_rows
from mixtura.infer.settings import EvaluateSettings

OF_ITEM = ["arm", "model", "replicate", "seed", "test", "id"]


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
    judged: pl.DataFrame | None = None,
) -> Evaluation:
    """Scores of all runs, and of a generator that labels the test rows in place of a model.

    `runs` holds the predictions of a run and what was written about them. `grouped` are all rows
    with their id and the column `settings.group`, where it is set; `judged` is what a judge says of
    the answers (table JudgedAnswers), where there is one. Raises ValueError as
    `few_shot_predictions` and `run_scores`.
    """
    arms = arms_table(settings.arms)
    trained = pl.concat([predictions for predictions, _ in runs])
    rows = pl.concat([trained, few_shot_predictions(answers, trained, arms)])
    predictions = scored_rows(rows, settings, grouped)
    if judged is not None:
        predictions = with_judge_scores(predictions, judged)
    passes = passes_table(runs)
    scores = run_scores(predictions, arms, settings.metrics, passes)
    return Evaluation(predictions, with_passes(arms, passes), scores)


def with_judge_scores(predictions: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """Predictions with judge_score: 0 where the judge says 1 or nothing, 1 where it says 5."""
    score = (pl.col("judged").cast(pl.Float64, strict=False).fill_null(1) - 1) / 4
    scores = judged.select(*OF_ITEM, judge_score=score)
    return predictions.join(scores, on=OF_ITEM, how="left", validate="1:1", maintain_order="left")


def about_judge(check: Mapping[str, Any], judged: pl.DataFrame) -> dict[str, Any]:
    """What a reader should know of a judge; `check` is written about the table JudgedTest."""
    return {
        **{key: check[key] for key in ("judge", "area", "checked")},
        "answers": judged.height,
        "unanswered": judged.filter(judged="").height,
    }
