"""The findings in words and tables: what intervals allow to say, and no more."""

import json
from typing import Any

import polars as pl

from mixtura.stats import NO_GAIN


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


def findings_text(findings: pl.DataFrame, diversity: pl.DataFrame, shift: pl.DataFrame) -> str:
    """Markdown: the answer, the table of arms, and the diversity and shift of every level.

    The frames are the tables of `mixtura.stats.findings` and of the panels.
    """
    metric = str(findings["metric"][0])
    shown = findings.filter(metric=metric)
    return "\n\n".join(
        [
            "# Findings",
            *(f"**{model}: {head}** {detail}" for model, head, detail in answers(findings)),
            f"## Scores ({metric} on {shown['n'][0]} test rows, {max(shown['seeds'])} seeds)",
            _table(
                ["trained on", "model", metric, "against real alone", "p (Holm)", "verdict"],
                [
                    [
                        describe_arm(row),
                        str(row["model"]),
                        interval(row["value"], row["low"], row["high"]),
                        interval(
                            row["difference"],
                            row["difference_low"],
                            row["difference_high"],
                            sign=True,
                        ),
                        "" if row["p_holm"] is None else f"{row['p_holm']:.3f}",
                        row["verdict"]
                        or ("baseline" if row["design"] == "real-only" else "control"),
                    ]
                    for row in shown.iter_rows(named=True)
                ],
            ),
            "## Diversity",
            _measures(diversity),
            "## Shift from real text, beside its noise floor (real against held-out real)",
            _measures(shift),
            "Intervals are 95 %. *No evidence* means that the interval of the difference, after "
            "correction for all comparisons, holds zero: not that there is no difference.",
            "",
        ]
    )


def answers(findings: pl.DataFrame) -> list[tuple[str, str, str]]:
    """(model, the answer, what it rests on) for each downstream model, on the first metric."""
    shown = findings.filter(metric=findings["metric"][0])
    return [_answer(part) for _, part in shown.group_by("model", maintain_order=True)]


def _answer(findings: pl.DataFrame) -> tuple[str, str, str]:
    compared = findings.filter(pl.col("verdict").is_not_null())
    base = findings.filter(design="real-only")
    alone = "; ".join(
        f"{describe_arm(row)}: {interval(row['value'], row['low'], row['high'])}"
        for row in base.iter_rows(named=True)
    )
    better = compared.filter(verdict="better").sort(pl.col("difference").abs(), descending=True)
    worse = compared.filter(verdict="worse").height
    open_ = compared.height - better.height - worse
    if better.is_empty():
        head = NO_GAIN
    else:
        best = better.row(0, named=True)
        gain = (best["difference"], best["difference_low"], best["difference_high"])
        head = f"Best: {describe_arm(best)}, {interval(*gain, sign=True)} over real data alone."
    detail = (
        f"Of {compared.height} mixes with generated text, {better.height} are better than real "
        f"data alone and {worse} worse; for {open_} there is no evidence either way. "
        f"Real data alone: {alone}."
    )
    return findings["model"][0], head, detail


def _measures(table: pl.DataFrame) -> str:
    floor = "floor" in table.columns
    rows = []
    for row in table.iter_rows(named=True):
        where = f"{row['generator']} {row['pipeline']} {row['level']}"
        cells = [
            where,
            measure_name(row["measure"], row["settings"]),
            interval(row["value"], row["low"], row["high"]),
        ]
        if floor:
            ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
            p = "" if row["p_value"] is None else f"{row['p_value']:.3f}"
            cells += [interval(row["floor"], row["floor_low"], row["floor_high"]), ratio, p]
        rows.append([*cells, str(row["n"])])
    heads = ["set", "measure", "value", *(["noise floor", "ratio", "p"] if floor else []), "n"]
    return _table(heads, rows)


def measure_name(measure: str, settings: str) -> str:
    """Name of a measure with the settings that tell it from its siblings."""
    told = json.loads(settings or "{}")
    kept = [f"{key} {told[key]}" for key in ("tau", "q", "n") if told.get(key) is not None]
    return f"{measure} ({', '.join(kept)})" if kept else measure


def interval(value: float | None, low: float | None, high: float | None, sign: bool = False) -> str:
    """A value and its interval, empty where there is none."""
    if value is None:
        return ""
    form = "+.3f" if sign else ".3f"
    if low is None or high is None:
        return f"{value:{form}}"
    return f"{value:{form}} [{low:{form}}, {high:{form}}]"


def _table(heads: list[str], rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [heads, ["-" * width for width in widths], *rows]
    padded = (
        [cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines
    )
    return "\n".join(f"| {' | '.join(cells)} |" for cells in padded)
