"""Scores of runs, with the interval that test items give."""

import json
from collections.abc import Callable, Sequence

import polars as pl

from mixtura.predictions import LEAST
from mixtura.stats import METRICS, seed_scores
from mixtura.text_metrics import exact_match, rouge_l, token_f1

TEXT_METRICS: dict[str, Callable[[str, list[str]], float]] = {
    "exact_match": exact_match,
    "token_f1": token_f1,
    "rouge_l": rouge_l,
}


# Columns of the readable index of the arms.
ARMS = {
    "arm": pl.String,
    "design": pl.String,
    "generator": pl.String,
    "pipeline": pl.String,
    "level": pl.String,
    "n_real": pl.Int64,
    "n_generated": pl.Int64,
    "share": pl.Float64,  # generated rows of all rows
    "rows": pl.Int64,  # what is trained on, repeated rows counted each time
    "baseline": pl.String,
    "control": pl.String,
}

# What metrics of probabilities read, made of the p_LABEL columns.
OF_PROBABILITIES = ("log_loss", "confidence", "right")


def item_scores(predictions: pl.DataFrame, metrics: Sequence[str]) -> pl.DataFrame:
    """Predictions with the columns that the metrics read, made of text or of probabilities.

    `gold` may be a list of answers, of which the best counts; it becomes the first of them.
    log_loss is in nats, confidence the probability of the predicted label.
    """
    labels = [name for name in predictions.columns if name.startswith("p_")]
    if labels:
        of_gold = [
            pl.when(pl.col("gold") == name.removeprefix("p_")).then(pl.col(name)) for name in labels
        ]
        return predictions.with_columns(
            log_loss=-pl.coalesce(of_gold).cast(pl.Float64).clip(LEAST).log(),
            confidence=pl.max_horizontal(labels).cast(pl.Float64),
            right=(pl.col("gold") == pl.col("predicted")).cast(pl.Float64),
        ).drop(labels)
    texts = [name for name in metrics if name in TEXT_METRICS]
    if predictions.schema["gold"] == pl.String:
        golds = predictions["gold"].reshape((-1, 1)).to_list() if texts else []
        first = predictions["gold"]
    else:
        golds = predictions["gold"].to_list()
        first = predictions["gold"].list.first()
    scored = {
        name: [
            TEXT_METRICS[name](predicted or "", gold)
            for predicted, gold in zip(predictions["predicted"], golds, strict=True)
        ]
        for name in texts
    }
    return predictions.with_columns(first, **{k: pl.Series(v) for k, v in scored.items()})


def read_columns(metrics: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Columns of the predictions of a run that these metrics read."""
    wanted = [column for name in metrics for column in METRICS[name].columns]
    made = {*TEXT_METRICS, *OF_PROBABILITIES}
    shares = [f"p_{label}" for label in labels] if set(wanted) & set(OF_PROBABILITIES) else []
    names = ["arm", "model", "seed", "test", "id", "gold", "predicted"]
    return [*names, *shares, *(column for column in wanted if column not in made)]


def run_scores(
    predictions: pl.DataFrame, arms: pl.DataFrame, metrics: Sequence[str]
) -> pl.DataFrame:
    """Tidy scores: one row for each (arm, design, model, seed, test, metric).

    `predictions` are those of `item_scores`, `arms` is the index of the arms.
    """
    scores = seed_scores(predictions, metrics)
    return arms.join(scores, on="arm", how="inner", maintain_order="left_right")


def tried_settings(files: Sequence[str]) -> pl.DataFrame:
    """What runs tried on the development split, from the metadata of their predictions.

    One row for each setting tried: arm, model, seed, the values, loss (null: diverged), chosen.
    """
    rows = []
    for file in files:
        tried = json.loads(pl.read_parquet_metadata(file)["mixtura"]).get("tried", [])
        run = pl.read_parquet(file, columns=["arm", "model", "seed"], n_rows=1).row(0, named=True)
        rows += [{**run, **one} for one in tried]
    return pl.DataFrame(rows, infer_schema_length=None)
