"""What a loop did, in words: whether each scheme lost against round 0."""

from typing import Any

import polars as pl

from mixtura.core.wording import interval, markdown_table, measure_name
from mixtura.infer.verdicts import GAIN, LOSS
from mixtura.tell.verdicts import verdict_text

WORDS = {LOSS: "**lost** against round 0", GAIN: "**gained** against round 0"}


def collapse_text(table: pl.DataFrame) -> str:
    """Markdown: whether each scheme lost against round 0, and every measure by round.

    `table` comes from `mixtura.infer.loop.collapse_table`.
    """
    last = int(table["round"].to_numpy().max())
    shown = table.filter(pl.col("test").is_null() | (pl.col("test") == "test"))
    scores = shown.filter(kind="score", round=last)
    scores = scores.filter(measure=scores["measure"][0])
    rounds = {f"R{number}": shown.filter(round=number) for number in range(last + 1)}
    keys = ["generator", "scheme", "kind", "measure", "settings", "model"]
    several = table["generator"].n_unique() > 1
    rows = []
    for values, _ in shown.group_by(keys, maintain_order=True):
        row: dict[str, Any] = dict(zip(keys, values, strict=True))
        generator = f"{row['generator']}, " if several else ""
        model = f" ({row['model']})" if row["kind"] == "score" else ""
        name = measure_name(row["measure"], row["settings"])
        cells = [_cell(part, row) for part in rounds.values()]
        rows.append([f"{generator}{row['scheme']}", f"{name}{model}", *cells])
    return "\n\n".join(
        [
            f"## Model collapse: {last} rounds of self-training",
            "\n".join(map(_loss, scores.iter_rows(named=True))),
            markdown_table(["scheme", "measure", *rounds], rows),
            "R0 is the untuned generator. A score is of a model trained on the mix of the round, "
            "perplexity of real test text under the tuned generator; the other measures are of the "
            "text that it wrote. Each scheme ran once: intervals cover seeds and texts, not "
            "another chain of rounds.",
        ]
    )


def _cell(part: pl.DataFrame, keys: dict[str, Any]) -> str:
    """The value of a round with its interval, empty where the round has none."""
    values = part.filter(*(pl.col(key).eq_missing(value) for key, value in keys.items()))
    row = values.row(0, named=True) if values.height else {}
    return interval(row.get("value"), row.get("low"), row.get("high"))


def _loss(row: dict[str, Any]) -> str:
    change = interval(row["difference"], row["difference_low"], row["difference_high"], sign=True)
    p = "" if row["p_simultaneous"] is None else f", p = {row['p_simultaneous']:.2g}"
    verdict = WORDS.get(row["verdict"]) or verdict_text(row["verdict"], row["bound"])
    return (
        f"- {row['scheme']} ({row['generator']}, {row['n_real']} real + {row['n_generated']} "
        f"generated rows): {row['measure']} of {row['model']} {change}{p}: "
        f"{verdict or 'round 0'}."
    )
