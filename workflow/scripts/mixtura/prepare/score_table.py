"""Scores in a table of one's own: a row for each item, or for each item, model and seed."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from mixtura.prepare.settings import ScoreColumns
from mixtura.prepare.tables import ItemScores

TRUTH = {"true": 1.0, "false": 0.0}
# A row of scores of a log: task, metric, item, group, score.
LogRow = tuple[str, str, str, str | None, float]


def score_frame(
    rows: Iterable[LogRow], system: str | None, lower: dict[str, bool] | None = None
) -> pl.DataFrame:
    """Scores of one run as `ItemScores`; `lower` are metrics of which smaller is better."""
    names = ["task", "metric", "item", "group", "score"]
    types = ItemScores.types()
    frame = pl.DataFrame(list(rows), {name: types[name] for name in names}, orient="row")
    return frame.with_columns(
        system=pl.lit(system, pl.String),
        replicate=pl.lit(0, pl.Int64),
        seed=pl.lit(None, pl.Int64),
        lower=pl.col("metric").is_in([name for name, low in (lower or {}).items() if low]),
    ).select(*types)


def table_scores(frame: pl.DataFrame, file: Path, columns: ScoreColumns) -> pl.DataFrame:
    """Scores of a table as `ItemScores`; system and seed are null where it has none.

    Raises ValueError for missing columns, for a score that is no number and for a row that repeats
    another.
    """
    scores = columns.scores or ["score"]
    for column, option in [(columns.item, "item"), *((score, "score") for score in scores)]:
        if column not in frame.columns:
            raise ValueError(
                f"{file}: no column {column!r}; columns are: {', '.join(frame.columns)}; "
                f"--{option} names yours"
            )
    group = columns.group or ("group" if "group" in frame.columns else None)
    if group and group not in frame.columns:
        raise ValueError(f"{file}: no column {group!r}; columns are: {', '.join(frame.columns)}")
    if frame.is_empty():
        raise ValueError(f"{file} has no rows")
    text = {"item": columns.item, "system": columns.model, "task": columns.task, "group": group}
    whole = {"replicate": columns.replicate, "seed": columns.seed}
    chosen = {
        **{name: _texts(frame, column, name, file) for name, column in text.items()},
        **{name: _integers(frame, column, name, file) for name, column in whole.items()},
    }
    keys = pl.DataFrame(chosen)
    if (twice := keys.drop("group").is_duplicated()).any():
        row = int(twice.arg_true()[0])
        again = int(twice.arg_true()[1])
        raise ValueError(
            f"{file}: rows {row + 1} and {again + 1} are both of item {keys['item'][row]!r}; "
            "name the columns that tell them apart: --model, --seed, --replicate, --task"
        )
    parts = [
        keys.with_columns(
            metric=pl.lit(score),
            lower=pl.lit(False),
            score=pl.Series(
                [_number(v, row, score, file) for row, v in enumerate(frame[score], 1)]
            ),
        )
        for score in scores
    ]
    return pl.concat(parts).select(*ItemScores.types())


def _texts(frame: pl.DataFrame, column: str | None, name: str, file: Path) -> pl.Series:
    """A column as text; a column that the table need not have is null, a task without a name."""
    if column is None or column not in frame.columns:
        value = "" if name == "task" else None
        return pl.Series(name, [value] * frame.height, pl.String)
    if name != "group" and frame[column].null_count():
        row = int(frame[column].is_null().arg_true()[0]) + 1
        raise ValueError(f"{file}: row {row} has nothing in column {column!r}; give each a value")
    return frame[column].cast(pl.String).alias(name)


def _integers(frame: pl.DataFrame, column: str, name: str, file: Path) -> pl.Series:
    """A column of whole numbers; other values are numbered in the order of their first rows."""
    if column not in frame.columns:
        return pl.Series(name, [0 if name == "replicate" else None] * frame.height, pl.Int64)
    values = _texts(frame, column, name, file)
    numbers = values.cast(pl.Int64, strict=False)
    if numbers.null_count():
        order = {value: place for place, value in enumerate(values.unique(maintain_order=True))}
        numbers = pl.Series([order[value] for value in values], dtype=pl.Int64)
    return numbers.alias(name)


def _number(value: Any, row: int, column: str, file: Path) -> float:
    """A score. Raises ValueError where it is none."""
    if value is None:
        raise ValueError(
            f"{file}: row {row} has no score in column {column!r}; a wrong answer scores 0, an "
            "item that was not run has no row"
        )
    try:
        number = TRUTH.get(str(value).lower()) if isinstance(value, str) else None
        number = float(value) if number is None else number
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(
            f"{file}: row {row}: column {column!r} holds {value!r}; "
            "allowed: a number, true or false"
        )
    return number
