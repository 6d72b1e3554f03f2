"""A language model as judge of rows with several parts: how good is an answer?

Before anything is removed it must rank real rows above the same rows with the answer of another:
`mixtura.curate.filters.quality`.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from mixtura.curate.settings import READ
from mixtura.prepare.settings import Kind

CORRUPTED = "~"  # after the id of a real row with the answer of another
NO_ANSWER = "(the passage does not say)"


def quality_prompt(row: Mapping[str, Any], kind: Kind) -> str:
    """The prompt about one row."""
    *prompt, answer = (_text(row[name]) for name in READ[kind])
    heads = ("Passage", "Question") if kind == "qa" else ("Instruction",)
    parts = [f"{head}: {text}" for head, text in zip(heads, prompt, strict=True)]
    return "\n\n".join(
        [
            *parts,
            f"Answer: {answer}",
            "How good is this answer, from 1 (wrong) to 5 (right and complete)? Give the number "
            "alone.\nScore:",
        ]
    )


def corrupted_rows(real: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    """The real rows, each with the answer of the next one that has another answer.

    In the order of their ids, a hash. A row whose answer all have is left out.
    """
    rows, last = real.sort("id"), READ[kind][-1]
    values = rows[last].to_list()
    others = []
    for place, value in enumerate(values):
        after = values[place + 1 :] + values[:place]
        others.append(next((other for other in after if other != value), None))
    swapped = rows.with_columns(
        (pl.col("id") + CORRUPTED).alias("id"), pl.Series(last, others, rows.schema[last])
    )
    return swapped.filter(pl.col(last).is_not_null())


def with_corrupted(judged: pl.DataFrame) -> pl.DataFrame:
    """(id, judged, corrupted): scores of rows, of real ones beside that of the corrupted copy."""
    is_copy = pl.col("id").str.ends_with(CORRUPTED)
    copies = judged.filter(is_copy).select(
        pl.col("id").str.strip_suffix(CORRUPTED), corrupted="judged"
    )
    return judged.filter(~is_copy).join(copies, on="id", how="left", maintain_order="left")


def _text(value: str | list[str]) -> str:
    if isinstance(value, str):
        return value
    return value[0] if value else NO_ANSWER
