"""The recommended mixes on fresh replicates, in words."""

from collections.abc import Sequence

import polars as pl

from mixtura.core.wording import describe_arm, interval
from mixtura.infer.metrics import gain_sign
from mixtura.infer.parts import unique_comparisons
from mixtura.tell.verdicts import scope_text

KEYS = ["arm", "model", "metric", "test"]


def confirmation_text(
    confirmation: pl.DataFrame,
    surface: pl.DataFrame,
    replicates: Sequence[int],
    shared: bool = False,
) -> str:
    """Markdown: the gain of every recommended mix on fresh replicates, beside what was named.

    confirmation is the table of `mixtura.infer.findings.findings` on these replicates alone,
    surface the table that recommended; the differences are turned so that a gain is positive.
    """
    rows = unique_comparisons(confirmation).filter(pl.col("n_generated") > 0)
    named = surface.filter(pl.col("recommended")).select(
        *KEYS, pl.col("n_real").alias("alone"), *(pl.col(n).alias(f"named_{n}") for n in ENDS)
    )
    alone = confirmation.select(baseline="arm", alone=pl.col("n_real").cast(pl.Float64))
    of_alone = rows.join(alone.unique(), on="baseline", maintain_order="left")
    rows = of_alone.join(named, on=[*KEYS, "alone"], maintain_order="left")
    turned = _turned(_turned(rows, "difference", ""), "control_difference", "control_")
    lines = []
    for row in turned.iter_rows(named=True):
        gain = interval(row["gain"], row["low"], row["high"], sign=True)
        value, low, high = (row[f"named_{name}"] for name in ENDS)
        before = interval(value, low, high, sign=True)
        control = interval(row["control_gain"], row["control_low"], row["control_high"], sign=True)
        over = f" Over its control it gains {control}." if control else ""
        lines.append(
            f"- **{row['model']}, {describe_arm(row)}: {row['metric']} gain {gain} over "
            f"{row['alone']:.0f} real rows alone.**{over} The study named {before}."
        )
    numbers = f"{replicates[0]} to {replicates[-1]}" if len(replicates) > 1 else f"{replicates[0]}"
    return "\n\n".join(
        [
            "# Confirmation",
            f"On fresh replicates, numbers {numbers}, which had no part in the choice of a mix: "
            "each interval is 95 % for its comparison alone, free of any selection. The test rows "
            f"are those of the study. {scope_text(confirmation, shared)}",
            "\n".join(lines),
            "",
        ]
    )


ENDS = ("gain", "low", "high")


def _turned(rows: pl.DataFrame, difference: str, prefix: str) -> pl.DataFrame:
    """With gain, low and high of a difference, positive where the mix is better."""
    sign = gain_sign()
    low, high = (f"{prefix or 'difference_'}{end}" for end in ("low", "high"))
    return rows.with_columns(
        (sign * pl.col(difference)).alias(f"{prefix}gain"),
        pl.when(sign > 0).then(low).otherwise(-pl.col(high)).alias(f"{prefix}low"),
        pl.when(sign > 0).then(high).otherwise(-pl.col(low)).alias(f"{prefix}high"),
    )
