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
    """The share of trainings that find the only test row of a label, and its gain."""
    right = pl.col("predicted").eq_missing(pl.col("gold")).mean()
    scores = rows.group_by("arm", "model", maintain_order=True).agg(value=right)
    alone = scores.rename({"arm": "baseline", "value": "alone"})
    table = arms.join(scores, on="arm", maintain_order="left_right").join(
        alone, on=["baseline", "model"], how="left", maintain_order="left"
    )
    gain = pl.col("value") - pl.col("alone")
    of_gain = of_one_row((gain + 1) / 2)
    ends = {f"difference_{end}": 2 * value - 1 for end, value in of_gain.items()}
    score = of_one_row(pl.col("value"))
    return table.with_columns(n=pl.lit(1), difference=gain, **score, **ends)


def of_one_row(value: pl.Expr) -> dict[str, pl.Expr]:
    """The 95 % interval of a mean over rows whose values lie in 0 to 1, of the value of one.

    By Markov's inequality a row has a value 40 times its mean at most once in 40 rows; so for what
    is missing to 1. Of a row that is right or wrong this is the interval of Clopper and Pearson.
    """
    return {"low": 0.025 * value, "high": 1 - 0.025 * (1 - value)}
