"""What could be done in place of generating text, beside the best mix, with its cost."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from mixtura.core.wording import describe_arm, interval, markdown_table
from mixtura.generate.summary import COSTS
from mixtura.infer.metrics import metric_of
from mixtura.infer.parts import unique_comparisons
from mixtura.tell.costs import cost_text
from mixtura.tell.verdicts import verdict_text

THOUSAND = 1000  # predictions, or labels, that a cost is of


def alternatives_of(findings: pl.DataFrame) -> pl.DataFrame:
    """The rows of the alternatives on the first metric and test set, the surest of each first.

    Sorted by model, real rows and the least gain that the simultaneous interval leaves.
    """
    shown = findings.filter(
        design="alternatives", metric=findings["metric"][0], test=findings["test"][0]
    )
    lower = bool(shown.height) and metric_of(shown["metric"][0]).lower
    least = -pl.col("simultaneous_high") if lower else pl.col("simultaneous_low")
    return unique_comparisons(shown).sort(
        "model", "n_real", least, descending=[False, False, True], maintain_order=True
    )


def unit_costs(table: pl.DataFrame) -> dict[str, dict[str, float | None]]:
    """Arm -> COSTS of THOUSAND answers and the share of them that is none, of its answers.

    table is `mixtura.infer.tables.Alternatives`; replicates are summed up.
    """
    sums = table.group_by("arm", maintain_order=True).agg(
        pl.col("answers", "unanswered").sum(),
        *(pl.when(pl.col(n).null_count() == 0).then(pl.col(n).sum()).alias(n) for n in COSTS),
    )
    each = sums.with_columns(
        (pl.col(name) * THOUSAND / pl.col("answers")).alias(name) for name in COSTS
    )
    shares = each.with_columns(unanswered=pl.col("unanswered") / pl.col("answers"))
    return {row["arm"]: row for row in shares.iter_rows(named=True)}


def alternatives_line(
    findings: pl.DataFrame, top: Sequence[Mapping[str, Any]], table: pl.DataFrame | None
) -> str:
    """The best alternative at each number of real rows, beside the best mix of it (`top`).

    findings are those of one model, table is None where nothing is known of costs.
    """
    costs = {} if table is None else unit_costs(table)
    best = {row["n_real"]: row for row in top}
    parts = []
    for part in alternatives_of(findings).partition_by("n_real", maintain_order=True):
        row, *others = part.iter_rows(named=True)
        text = f"{_gain(row)}, {verdict_text(row['verdict'], row['bound'])}"
        if mix := best.get(row["n_real"]):
            text += f" (best mix {interval(mix['gain'], mix['low'], mix['high'], sign=True)})"
        text += f"; {_cost(row, costs)}"
        if others:
            text += f"; others: {', '.join(map(_gain, others))}"
        parts.append(text)
    return f"Best in place of generated text: {'. '.join(parts)}." if parts else ""


def _gain(row: Mapping[str, Any]) -> str:
    """What an alternative is, and its gain."""
    ends = (row["simultaneous_low"], row["simultaneous_high"])
    return f"{describe_arm(dict(row))}: {interval(row['difference'], *ends, sign=True)}"


def _cost(row: Mapping[str, Any], costs: Mapping[str, Mapping[str, float | None]]) -> str:
    """What an alternative costs: with each prediction, once, or nothing of a generator."""
    if row["pipeline"] == "eda":
        return "it needs no generator"
    words = cost_text(costs.get(row["arm"], {})) or "an unknown sum"
    what = {"few-shot": "predictions", "back-translation": "translations"}
    return f"{THOUSAND:,} {what.get(row['pipeline'], 'labels')} cost {words}"


def alternatives_text(findings: pl.DataFrame, table: pl.DataFrame | None) -> list[str]:
    """Markdown about every alternative; nothing of a study without them."""
    rows = alternatives_of(findings)
    if rows.is_empty():
        return []
    costs = {} if table is None else unit_costs(table)
    cells = [
        [
            describe_arm(row),
            str(row["model"]),
            interval(row["value"], row["low"], row["high"]),
            interval(row["difference"], row["simultaneous_low"], row["simultaneous_high"], True),
            verdict_text(row["verdict"], row["bound"]),
            _unanswered(costs.get(row["arm"])),
            _cost(row, costs),
        ]
        for row in rows.iter_rows(named=True)
    ]
    heads = ["in place of generated text", "trained model", str(rows["metric"][0])]
    heads += ["against real alone, simultaneous", "verdict", "without an answer", "cost"]
    note = (
        "A generator that labels test rows trains nothing: its score stands beside each trained "
        "model, and it is paid for with every prediction. A prediction without a label is wrong."
    )
    return ["## In place of generated text", note, markdown_table(heads, cells)]


def _unanswered(cost: Mapping[str, float | None] | None) -> str:
    share = (cost or {}).get("unanswered")
    return "" if share is None else f"{share:.1%}"
