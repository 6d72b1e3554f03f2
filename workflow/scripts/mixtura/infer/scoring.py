"""Scores of runs, with the interval that test items give."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path

import polars as pl

from mixtura.infer.intervals import row_interval
from mixtura.infer.metrics import METRICS, RANKS, metric_of
from mixtura.infer.passes import PASSES, RUN, passes_table
from mixtura.infer.runs import runs_of, test_sets
from mixtura.infer.settings import ArmRow, EvaluateSettings
from mixtura.infer.tables import Arms
from mixtura.infer.text_metrics import exact_match, rouge_l, token_f1
from mixtura.train.predictions import LEAST

TEXT_METRICS: dict[str, Callable[[str, list[str], str], float]] = {
    "exact_match": exact_match,
    "token_f1": token_f1,
    "rouge_l": rouge_l,
}

# What metrics of probabilities read, computed from the p_LABEL columns.
OF_PROBABILITIES = ("log_loss", "confidence", "right")
SCORES = {
    "arm": pl.String,
    "model": pl.String,
    "replicate": pl.Int64,
    "seed": pl.Int64,
    "test": pl.String,
    "metric": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "n": pl.Int64,
}


def prediction_files(paths: Iterable[str]) -> list[Path]:
    """Files of predictions: of a run each, from the folder of its job, or of a probe."""
    files: list[Path] = []
    for path in map(Path, paths):
        files += sorted(path.glob("seed-*/predictions.parquet")) if path.is_dir() else [path]
    return files


def read_columns(metrics: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Columns of the predictions of a run that these metrics read."""
    columns = [column for name in metrics for column in METRICS[name].columns]
    computed = {*TEXT_METRICS, *OF_PROBABILITIES, *RANKS, "has_answer", "judge_score"}
    shares = [f"p_{label}" for label in labels] if set(columns) & set(OF_PROBABILITIES) else []
    names = ["arm", "model", "replicate", "seed", "test", "id", "gold", "predicted"]
    return [*names, *shares, *(column for column in columns if column not in computed)]


def arms_table(rows: Iterable[ArmRow]) -> pl.DataFrame:
    """The index of the arms, without the passes that their runs will have."""
    return pl.DataFrame([row.model_dump() for row in rows], Arms.types())


def scored_rows(
    predictions: pl.DataFrame, settings: EvaluateSettings, grouped: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Predictions with what the metrics read and, where `settings.group` is set, with `group`.

    `grouped` are all rows, with their id and that column.
    """
    rows = item_scores(predictions, settings.metrics, settings.language, settings.ranks)
    if settings.group is None:
        return rows
    assert grouped is not None
    return with_groups(rows, grouped, settings.group)


def item_scores(
    predictions: pl.DataFrame,
    metrics: Sequence[str],
    language: str = "en",
    ranks: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Predictions with the columns that the metrics read, computed from text or probabilities.

    `gold` may be a list of answers, of which the best counts; it becomes the first of them,
    or "", the right answer to a question that has none;
    `language` (ISO 639-1) is that of the answers, `ranks` those of ordered labels. log_loss is in
    nats, confidence the probability of the predicted label.
    """
    labels = [name for name in predictions.columns if name.startswith("p_")]
    if labels:
        return _with_ranks(_with_probabilities(predictions, labels), ranks or {})
    texts = [name for name in metrics if name in TEXT_METRICS]
    if not texts:
        return predictions
    if predictions.schema["gold"] == pl.String:
        golds = predictions["gold"].reshape((-1, 1)).to_list() if texts else []
        first = predictions["gold"]
    else:
        golds = predictions["gold"].to_list()
        first = predictions["gold"].list.first().fill_null("")
    scores = {
        name: [
            TEXT_METRICS[name](predicted or "", gold or [""], language)
            for predicted, gold in zip(predictions["predicted"], golds, strict=True)
        ]
        for name in texts
    }
    if any("has_answer" in METRICS[name].columns for name in metrics):
        scores["has_answer"] = [float(bool(gold)) for gold in golds]
    return predictions.with_columns(
        first, **{name: pl.Series(values) for name, values in scores.items()}
    )


def _with_probabilities(predictions: pl.DataFrame, labels: Sequence[str]) -> pl.DataFrame:
    of_gold = [
        pl.when(pl.col("gold") == name.removeprefix("p_")).then(pl.col(name)) for name in labels
    ]
    return predictions.with_columns(
        log_loss=-pl.coalesce(of_gold).cast(pl.Float64).clip(LEAST).log(),
        confidence=pl.max_horizontal(labels).cast(pl.Float64),
        right=pl.col("gold").eq_missing(pl.col("predicted")).cast(pl.Float64),
    ).drop(labels)


def _with_ranks(predictions: pl.DataFrame, ranks: Mapping[str, float]) -> pl.DataFrame:
    if not ranks:
        return predictions
    gold, predicted = (
        pl.col(name).replace_strict(ranks, return_dtype=pl.Float64)
        for name in ("gold", "predicted")
    )
    low, high = min(ranks.values()), max(ranks.values())
    furthest = pl.when(gold - low > high - gold).then(pl.lit(low)).otherwise(pl.lit(high))
    return predictions.with_columns(  # an answer that names no label is as wrong as can be
        gold_rank=gold, predicted_rank=predicted.fill_null(furthest)
    )


def with_groups(predictions: pl.DataFrame, rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Predictions with `group`, the first id of all `rows` that have its value in a column."""
    rows = rows.select("id", group=pl.col("id").min().over(column)).unique("id")
    columns = predictions.columns
    place = columns.index("id") + 1
    joined = predictions.join(rows, on="id", how="left", maintain_order="left")
    return joined.select(*columns[:place], "group", *columns[place:])


def run_scores(
    predictions: pl.DataFrame,
    arms: pl.DataFrame,
    metrics: Sequence[str],
    passes: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Tidy scores: one row for each (arm, design, model, replicate, seed, test, metric).

    `predictions` are those of `item_scores`, `arms` is the index of the arms, `passes` the table of
    `mixtura.infer.passes`. Raises ValueError as `mixtura.infer.findings.findings`.
    """
    scores = seed_scores(predictions, metrics)
    passes = passes_table([]) if passes is None else passes
    scores = scores.join(passes, on=RUN, how="left", validate="m:1", maintain_order="left")
    arms = arms.drop(PASSES, strict=False)
    table = arms.join(scores, on="arm", how="inner", maintain_order="left_right")
    return table.select(*arms.columns, *PASSES, pl.exclude(*arms.columns, *PASSES))


def seed_scores(
    predictions: pl.DataFrame,
    metrics: Sequence[str],
    level: float = 0.95,
) -> pl.DataFrame:
    """Score of every run: arm, model, replicate, seed, test, metric, value, low, high, n.

    predictions are those of `findings`, with the column test. The interval is for new test items,
    n counts them. Raises ValueError as `findings`.
    """
    if "replicate" not in predictions.columns:
        predictions = predictions.with_columns(replicate=0)
    rows = []
    numbers = {column for name in metrics for column in metric_of(name).columns}
    for test, replicate in product(
        test_sets(predictions), predictions["replicate"].unique().sort()
    ):
        part = predictions.filter(test=test, replicate=replicate)
        for (key, run), name in product(runs_of(part, numbers).items(), metrics):
            metric = metric_of(name)
            scores = run.scores(metric)
            for place, (_, seed) in enumerate(run.places):
                score = row_interval(scores.at([place]), metric, level)
                rows.append((*key, replicate, seed, test, name, *score, len(run.ids)))
    return pl.DataFrame(rows, SCORES, orient="row")
