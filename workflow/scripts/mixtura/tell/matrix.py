"""Gains as matrices: real rows by generated rows, one for each level, every mix once."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from mixtura.core.wording import markdown_table
from mixtura.infer.metrics import metric_of
from mixtura.infer.parts import mixes_alone, unique_comparisons
from mixtura.infer.verdicts import GAIN, LOSS, NO_GAIN
from mixtura.tell.verdicts import ends

PANEL = ["model", "form", "generator", "pipeline", "level"]
Line = list[dict[str, Any] | None]
FORMS = {
    "added": "generated rows beside the real ones",
    "alone": "generated rows alone, compared with so many real ones",
    "replaced": "generated rows in the place of so many real ones",
}
STATES = {GAIN: "gain shown", LOSS: "loss shown", NO_GAIN: "no gain", None: "unknown"}
SIGNS = {"gain shown": "▲", "loss shown": "▼", "no gain": "○", "unknown": "?"}
MEANINGS = {
    "▲": "gain shown",
    "▼": "loss shown",
    "○": "a gain of interest is excluded",
    "?": "too small to tell",
}
LEGEND = f"{', '.join(f'{sign} {meaning}' for sign, meaning in MEANINGS.items())}."
CELLS = "A cell speaks for itself; the answer takes all cells together and may show what none does."
BRACKETS = (
    "In brackets the interval that holds together with those of all other cells. The surest gain "
    "is tested first, then the next: so one may be shown though its interval holds 0."
)


def gain_cells(findings: pl.DataFrame) -> pl.DataFrame:
    """A row for each mix and baseline on the first metric and test set; loops are left out.

    Beside columns of the findings: `alone` (real rows of the baseline), `form` (a key of FORMS),
    `state` (a key of SIGNS) and `better` (the difference, positive where the mix is better).
    """
    shown = findings.filter(metric=findings["metric"][0], test=findings["test"][0])
    alone = shown.filter(pl.col("baseline").is_null()).select(baseline="arm", alone="n_real")
    mixes = unique_comparisons(mixes_alone(shown)).filter(pl.col("level").is_not_null())
    cells = mixes.join(alone.unique("baseline"), on="baseline", maintain_order="left")
    form = (
        pl.when(n_real=0)
        .then(pl.lit("alone"))
        .when(pl.col("n_real") == pl.col("alone"))
        .then(pl.lit("added"))
        .otherwise(pl.lit("replaced"))
    )
    state = pl.col("verdict").replace_strict(STATES, default="unknown", return_dtype=pl.String)
    first = {model: place for place, model in enumerate(shown["model"].unique(maintain_order=True))}
    order = pl.col("model").replace_strict(first, return_dtype=pl.Int64)
    lower = bool(shown.height) and metric_of(shown["metric"][0]).lower
    better = -pl.col("difference") if lower else pl.col("difference")
    return cells.with_columns(form=form, state=state, better=better).sort(
        order, *PANEL[1:], "alone", "n_generated", maintain_order=True
    )


def panels(cells: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """(title, cells) of every model, form, source and level."""
    several = [name for name in ("model", "generator") if cells[name].n_unique() > 1]
    for keys, part in cells.group_by(PANEL, maintain_order=True):
        row = dict(zip(PANEL, keys, strict=True))
        words = [f"{row['pipeline']} {row['level']}", *(str(row[name]) for name in several)]
        words += [] if row["form"] == "added" else [FORMS[str(row["form"])]]
        yield ", ".join(words), part


def matrices(cells: pl.DataFrame) -> Iterator[tuple[str, list[int], list[tuple[int, Line]]]]:
    """(title, numbers of generated rows, lines) of every panel.

    A line is a number of real rows, and for each number of generated rows its row of `cells`, None
    where there is no such mix.
    """
    for title, part in panels(cells):
        amounts = sorted(part["n_generated"].unique())
        lines = []
        for _, line in part.group_by("alone", maintain_order=True):
            by_amount = {row["n_generated"]: row for row in line.iter_rows(named=True)}
            lines.append((line["alone"][0], [by_amount.get(amount) for amount in amounts]))
        yield title, amounts, lines


def matrices_text(findings: pl.DataFrame) -> str:
    """Markdown: the matrix of every panel, real rows down and generated rows across."""
    cells = gain_cells(findings)
    if cells.is_empty():
        return ""
    parts = [
        f"## Gain in {cells['metric'][0]} over the same real rows alone",
        f"{LEGEND} {CELLS} {BRACKETS}",
    ]
    for title, amounts, lines in matrices(cells):
        heads = ["real rows", *(f"{amount} generated" for amount in amounts)]
        rows = [[str(real), *map(_cell, line)] for real, line in lines]
        parts += [f"{title}:", markdown_table(heads, rows)]
    return "\n\n".join(parts)


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    together = ends(row["simultaneous_low"], row["simultaneous_high"])
    return f"{SIGNS[row['state']]} {row['difference']:+.3f} {together}".rstrip()
