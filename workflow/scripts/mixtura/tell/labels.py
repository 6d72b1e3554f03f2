"""The gains of each label in a table."""

from typing import Any

import polars as pl

from mixtura.core.wording import describe_arm, interval, markdown_table

FILLING = ("fill", "oversampled", "class-weights")
HEADS = ["label", "test rows", "trained on", "model", "recall", "against real alone"]


def labels_text(labels: pl.DataFrame) -> list[str]:
    """The section of the findings, empty where there is nothing to say."""
    rows = [list(row.values()) for row in label_rows(labels)]
    if not rows:
        return []
    return [
        "## Labels (recall, the share of a label's test rows that get it; intervals of each "
        f"comparison alone)\n\n{markdown_table(HEADS, rows)}"
    ]


def label_rows(labels: pl.DataFrame) -> list[dict[str, str]]:
    """A row for each label and arm that is shown, all of it text; the rarest label first.

    Shown are real data alone and, of a study that fills rare labels, its mixes and controls, of
    another the mix of each model with the highest mean recall.
    """
    if labels.is_empty():
        return []
    shown = labels.filter(pl.col("design").is_in(FILLING))
    if shown.is_empty():
        mixes = labels.filter(pl.col("baseline").is_not_null(), pl.col("n_generated") > 0)
        means = mixes.group_by("model", "arm", maintain_order=True).agg(pl.col("value").mean())
        best = means.sort("value", descending=True).unique("model", keep="first")
        shown = mixes.join(best.select("model", "arm"), on=["model", "arm"], maintain_order="left")
    alone = labels.join(
        shown.select("model", arm="baseline").unique(), on=["model", "arm"], how="semi"
    )
    frame = pl.concat([alone, shown]).unique(["label", "model", "arm"], maintain_order=True)
    order = pl.col("design") != "real-only"
    return [
        _cells(row)
        for row in frame.sort("n", "label", "model", order, maintain_order=True).to_dicts()
    ]


def _cells(row: dict[str, Any]) -> dict[str, str]:
    gain = interval(row["difference"], row["difference_low"], row["difference_high"], sign=True)
    return {
        "label": row["label"],
        "n": str(row["n"]),
        "arm": describe_arm(row),
        "model": row["model"],
        "recall": interval(row["value"], row["low"], row["high"]),
        "gain": gain,
    }
