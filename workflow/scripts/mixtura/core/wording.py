"""Numbers and names in words, the same in every text, table and figure."""

import json
from collections.abc import Iterable
from typing import Any

# Of a terminal or a page they hide, move or colour what stands around them.
_SIGNS = (
    {code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\n\t"}
    | {127: "␡"}
    | {
        code: f"<U+{code:04X}>"
        for codes in ((0x80, 0xA0), (0x202A, 0x202F), (0x2066, 0x206A))
        for code in range(*codes)
    }
)


def visible(text: str) -> str:
    """Text with a symbol for each sign that controls a screen; lines and tabs stay.

    What models and servers write is shown through this, wherever it is shown.
    """
    return text.translate(_SIGNS)


def describe_arm(row: dict[str, Any]) -> str:
    """What an arm trains on, in words, and what its generator saw where that is more."""
    if row["design"] == "zero-shot":
        return "nothing (untrained)"
    if row["design"] == "real-repeated":
        return f"{row['n_real']} real, repeated to {row['rows']}"
    if row["design"] == "oversampled":
        return f"{row['n_real']} real, rare labels repeated to {row['rows']}"
    if row["design"] == "class-weights":
        return f"{row['n_real']} real with class weights"
    if row["design"] == "alternatives":
        return f"{row['n_real']} real{_alternative(row)}"
    if not row["n_generated"]:
        return f"{row['n_real']} real"
    generated = f"{row['n_generated']} generated, {row['pipeline']} {row['level']}"
    if not row["n_real"]:
        return f"{generated} alone"
    more = (row.get("shown") or 0) > row["n_real"]
    saw = f" (its generator saw {row['shown']} real)" if more else ""
    rare = " of rare labels" if row["design"] == "fill" else ""
    return f"{row['n_real']} real + {generated}{rare}{saw}"


def _alternative(row: dict[str, Any]) -> str:
    if row["pipeline"] == "few-shot":
        return f", shown to {row['generator']}, which labels test rows"
    if row["pipeline"] == "eda":
        return f" and {row['n_generated']} copies of them with changed words"
    if row["pipeline"] == "back-translation":
        return f" and {row['n_generated']} back-translations of them by {row['generator']}"
    return f" and {row['n_generated']} unlabelled with labels of {row['generator']}"


def listed_words(words: Iterable[Any]) -> str:
    """Words or numbers in one line, such as 4, 16 and 64."""
    *before, last = map(str, words)
    return f"{', '.join(before)} and {last}" if before else last


def measure_name(measure: str, settings: str) -> str:
    """Name of a measure with the settings that tell it from its siblings."""
    values = json.loads(settings or "{}")
    keys = ["tau", "q", "n"]
    if values.get("own"):
        keys = sorted(values.keys() - {"own", "normalise", "undefined"})
    parts = [f"{key} {values[key]}" for key in keys if values.get(key) is not None]
    return f"{measure} ({', '.join(parts)})" if parts else measure


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
