"""Scores of single runs, with the interval that the test items give."""

from collections.abc import Callable, Sequence

import polars as pl

from mixtura.stats import METRICS, score_interval
from mixtura.text_metrics import exact_match, rouge_l, token_f1

TEXT_METRICS: dict[str, Callable[[str, list[str]], float]] = {
    "exact_match": exact_match,
    "token_f1": token_f1,
    "rouge_l": rouge_l,
}


def item_scores(predictions: pl.DataFrame, metrics: Sequence[str]) -> pl.DataFrame:
    """Predictions with a column for each metric of text; of several gold answers the best counts.

    `gold` may be a list of answers; it becomes the first of them.
    """
    if predictions.schema["gold"] == pl.String:
        golds = [[gold] for gold in predictions["gold"]]
    else:
        golds = predictions["gold"].to_list()
    scored = {
        name: [
            TEXT_METRICS[name](predicted or "", gold)
            for predicted, gold in zip(predictions["predicted"], golds, strict=True)
        ]
        for name in metrics
        if name in TEXT_METRICS
    }
    first = pl.Series("gold", [gold[0] for gold in golds], pl.String)
    return predictions.with_columns(first, **{k: pl.Series(v) for k, v in scored.items()})


def read_columns(metrics: Sequence[str]) -> list[str]:
    """Columns of the predictions of a run that these metrics read."""
    numbers = [column for name in metrics for column in METRICS[name].columns]
    return ["id", "gold", "predicted", *(c for c in numbers if c not in TEXT_METRICS)]


def run_scores(
    predictions: pl.DataFrame, arms: pl.DataFrame, metrics: Sequence[str]
) -> pl.DataFrame:
    """Tidy scores: one row for each (arm, design, model, seed, metric).

    `predictions` has the columns arm, model, seed, gold, predicted, and those of metrics of numbers
    (`item_scores`); `arms` is the index of the arms. low and high bound the 95 % bootstrap
    interval over test items, n counts them.
    """
    rows = []
    runs = predictions.group_by("arm", "model", "seed", maintain_order=True)
    for (arm, model, seed), run in runs:
        gold = run["gold"].to_numpy()
        for metric in metrics:
            seen = run.select(METRICS[metric].columns or "predicted").to_numpy()
            seen = seen if METRICS[metric].columns else seen[:, 0]
            score = score_interval(gold, seen[None], metric)
            names = {"arm": arm, "model": model, "seed": seed, "metric": metric}
            rows.append({**names, **score._asdict(), "n": run.height})
    return arms.join(pl.DataFrame(rows), on="arm", how="inner", maintain_order="left_right")
