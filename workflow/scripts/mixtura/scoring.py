"""Scores of single runs, with the interval that the test items give."""

from collections.abc import Sequence

import polars as pl

from mixtura.stats import score_interval


def run_scores(
    predictions: pl.DataFrame, arms: pl.DataFrame, metrics: Sequence[str]
) -> pl.DataFrame:
    """Tidy scores: one row for each (arm, design, model, seed, metric).

    `predictions` has the columns arm, model, seed, gold, predicted; `arms` is the index of the
    arms. low and high bound the 95 % bootstrap interval over test items, n counts them.
    """
    rows = []
    runs = predictions.group_by("arm", "model", "seed", maintain_order=True)
    for (arm, model, seed), run in runs:
        gold, predicted = run["gold"].to_numpy(), run["predicted"].to_numpy()
        for metric in metrics:
            score = score_interval(gold, predicted[None], metric)
            names = {"arm": arm, "model": model, "seed": seed, "metric": metric}
            rows.append({**names, **score._asdict(), "n": run.height})
    return arms.join(pl.DataFrame(rows), on="arm", how="inner", maintain_order="left_right")
