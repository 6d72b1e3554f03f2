"""Numbers and names in words, the same in every text, table and figure."""

import json
from typing import Any


def describe_arm(row: dict[str, Any]) -> str:
    """What an arm trains on, in words."""
    if row["design"] == "zero-shot":
        return "nothing (untrained)"
    if row["design"] == "real-repeated":
        return f"{row['n_real']} real, repeated to {row['rows']}"
    if not row["n_generated"]:
        return f"{row['n_real']} real"
    made = f"{row['n_generated']} generated, {row['pipeline']} {row['level']}"
    return f"{row['n_real']} real + {made}" if row["n_real"] else f"{made} alone"


def measure_name(measure: str, settings: str) -> str:
    """Name of a measure with the settings that tell it from its siblings."""
    told = json.loads(settings or "{}")
    keys = ["tau", "q", "n"]
    if told.get("own"):
        keys = sorted(told.keys() - {"own", "normalise", "undefined"})
    kept = [f"{key} {told[key]}" for key in keys if told.get(key) is not None]
    return f"{measure} ({', '.join(kept)})" if kept else measure


def interval(value: float | None, low: float | None, high: float | None, sign: bool = False) -> str:
    """A value and its interval, empty where there is none."""
    if value is None:
        return ""
    form = "+.3f" if sign else ".3f"
    if low is None or high is None:
        return f"{value:{form}}"
    return f"{value:{form}} [{low:{form}}, {high:{form}}]"


def markdown_table(heads: list[str], rows: list[list[str]]) -> str:
    """A Markdown table in aligned columns."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [heads, ["-" * width for width in widths], *rows]
    padded = (
        [cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines
    )
    return "\n".join(f"| {' | '.join(cells)} |" for cells in padded)
