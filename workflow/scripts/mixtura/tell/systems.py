"""Comparisons of systems in words."""

from typing import Any

import polars as pl

from mixtura.core.wording import interval, markdown_table
from mixtura.tell.verdicts import ends, verdict_text


def systems_table(comparisons: pl.DataFrame) -> str:
    """Markdown of a table of `SystemComparisons`; a column that says nothing more is left out."""
    heads = [
        *("task", "metric", "system", "against", "scores", "difference, alone", "simultaneous"),
        *("p", "verdict", "within the margin", "visible", "items needed"),
    ]
    rows = [_cells(row, comparisons.height > 1) for row in comparisons.iter_rows(named=True)]
    shown = [place for place in range(len(heads)) if any(row[place] for row in rows)]
    return markdown_table(
        [heads[place] for place in shown], [[row[place] for place in shown] for row in rows]
    )


def systems_text(comparisons: pl.DataFrame, level: float = 0.95) -> str:
    """Markdown of comparisons: the table, and how it is read."""
    return "\n\n".join(
        [
            "# Systems on the same items",
            systems_table(comparisons),
            reading(comparisons, level),
            "",
        ]
    )


def reading(comparisons: pl.DataFrame, level: float = 0.95) -> str:
    """What the numbers rest on and claim, in sentences."""
    count = comparisons.height
    together = f"those of all {count} comparisons hold together" if count > 1 else "of one, alone"
    margin = comparisons["margin"][0]
    sentences = [
        _evidence(comparisons),
        f"Intervals are {level:.0%}; simultaneous: {together}. *Gain shown* and *loss shown* are "
        "corrected for all comparisons (p, step-down). *Too small to tell* is not the same as no "
        "effect. *Visible*: the smallest true difference that such a test shows in 80 of 100 "
        "cases.",
    ]
    if margin is not None:
        sentences.append(
            f"Margin {margin:g}: *not worse* where the simultaneous interval excludes a loss of "
            "it, *equivalent* where it excludes a gain of it too."
        )
    if comparisons["lower"].any():
        names = comparisons.filter("lower")["metric"].unique(maintain_order=True)
        sentences.append(f"Of {', '.join(names)} smaller is better.")
    return " ".join(sentences)


def _evidence(comparisons: pl.DataFrame) -> str:
    """The items and runs that comparisons rest on."""
    parts = []
    for row in comparisons.unique("task", keep="first", maintain_order=True).iter_rows(named=True):
        groups = f" in {row['groups']} groups" if row["groups"] < row["n"] else ""
        where = f"{row['task']}: " if row["task"] else ""
        runs = (
            f"{row['replicates']} replicates of {row['seeds']} runs, for new replicates and items"
            if row["replicates"] > 1
            else f"{row['seeds']} runs, for new runs and items"
            if row["seeds"] > 1
            else "for these systems as they are and new items"
        )
        parts.append(f"{where}{row['n']} items{groups}, {runs}")
    return f"Rests on {'; '.join(parts)}."


def _cells(row: dict[str, Any], several: bool) -> list[str]:
    within = "" if row["margin"] is None else "no"
    if row["not_worse"]:
        within = "equivalent" if row["equivalent"] else "not worse"
    needed = row["items_needed"]
    return [
        *(row["task"], row["metric"], row["system"], row["other"]),
        f"{row['value']:.3f}, {row['other_value']:.3f}",
        interval(row["difference"], row["low"], row["high"], sign=True),
        ends(row["simultaneous_low"], row["simultaneous_high"]) if several else "",
        f"{row['p_step_down']:.3f}" if row["p_step_down"] >= 0.001 else "<0.001",
        *(verdict_text(row["verdict"], row["bound"]), within, f"{row['detectable']:.3f}"),
        "more runs" if needed is None else f"{needed:,}",
    ]
