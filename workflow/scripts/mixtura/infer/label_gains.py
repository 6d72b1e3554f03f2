"""How well each label is found, and what a mix adds to that over real data alone."""

from collections.abc import Sequence

import polars as pl

from mixtura.infer.findings import findings
from mixtura.infer.runs import shared_rows
from mixtura.infer.tables import LabelGains


def label_gains(
    predictions: pl.DataFrame, arms: pl.DataFrame, labels: Sequence[str], seed: int = 0
) -> pl.DataFrame:
    """Recall of each label by arm and model, and its gain: columns of `LabelGains`.

    The recall of a label is the accuracy on its test rows, so that intervals are those of
    `mixtura.infer.findings.findings`, whose arguments these are. In folds they rest on the
    replicates that test the label, and are widened as those of all test rows. Arms of real rows in
    another form, such as repeated ones, are compared with the same number of real rows as they are.
    """
    alone = dict(arms.filter(design="real-only").select("n_real", "arm").iter_rows())
    other = (pl.col("n_real") > 0) & (pl.col("design") != "real-only")
    plain = pl.col("n_real").replace_strict(alone, default=None, return_dtype=pl.String)
    compared = arms.with_columns(
        baseline=pl.coalesce("baseline", pl.when(other).then(plain)),
        control=pl.lit(None, pl.String),
    )
    if "test" in predictions.columns:
        predictions = predictions.filter(test="test")
    several = predictions.schema["gold"] == pl.List(pl.String)
    shared = shared_rows(predictions)
    types = LabelGains.types()
    parts = [pl.DataFrame(schema=types)]
    for label in labels:
        rows = _with_label(predictions, label) if several else predictions.filter(gold=label)
        if rows["id"].n_unique() > 1:
            part = findings(rows, compared, ["accuracy"], seed, shared=shared)
        else:
            part = _recall_of_a_row(rows, compared)
        parts.append(part.with_columns(label=pl.lit(label)))
    frame = pl.concat(parts, how="diagonal_relaxed").unique(
        ["label", "arm", "model", "baseline"], keep="first", maintain_order=True
    )
    return frame.select(pl.col(name).cast(kind) for name, kind in types.items())


def _with_label(predictions: pl.DataFrame, label: str) -> pl.DataFrame:
    """Predictions of the items that have the label, among others: whether they get it."""
    hit = pl.col("predicted").list.contains(label)
    return predictions.filter(pl.col("gold").list.contains(label)).with_columns(
        gold=pl.lit(label), predicted=pl.when(hit).then(pl.lit(label)).otherwise(pl.lit(""))
    )


def _recall_of_a_row(rows: pl.DataFrame, arms: pl.DataFrame) -> pl.DataFrame:
    """The share of trainings that find the only test row of a label, or none: too few to compare.

    No interval comes of one row, and no gain is stated without its interval.
    """
    right = pl.col("predicted").eq_missing(pl.col("gold")).mean()
    scores = rows.group_by("arm", "model", maintain_order=True).agg(value=right)
    return arms.join(scores, on="arm", maintain_order="left_right").with_columns(n=pl.lit(1))
