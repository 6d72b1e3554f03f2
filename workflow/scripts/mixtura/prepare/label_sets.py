"""Several labels a row: the labels that a column, or several columns, give each row.

They come as a list, as text with a separator between labels, as the printed form of a list, or as
a column for each label that says whether a row has it.
"""

import ast
from collections.abc import Sequence
from typing import Any

import polars as pl

from mixtura.prepare.columns import ColumnError, plain_column
from mixtura.prepare.labels import TRUTH, learnt_labels, value_of
from mixtura.prepare.settings import Kind

TRUE = {"1", *(word for word, truth in TRUTH.items() if truth)}
FALSE = {"", "0", *(word for word, truth in TRUTH.items() if not truth)}


def label_values(
    frame: pl.DataFrame, column: str | Sequence[str], separator: str = ","
) -> pl.Series:
    """The values of each row's labels, each once: a series of lists, empty where there are none.

    `separator` stands between labels in a column of text. Raises ColumnError for a column of
    another kind, and ValueError that names the first row which is not understood.
    """
    if not isinstance(column, str):
        return _of_columns(frame, column)
    values = plain_column(frame, column, "label", lists=True)
    kind = values.dtype
    if isinstance(kind, pl.List | pl.Array):
        if kind.inner.is_nested():
            raise ColumnError(f"label: column {column} holds lists of {kind.inner}; name labels")
        rows = values.to_list()
    elif kind == pl.String:
        rows = [
            _parts(text, separator, f"row {row}: column {column}")
            for row, text in enumerate(values, start=1)
        ]
    else:
        rows = [[value] for value in values]
    distinct = [
        list(dict.fromkeys(text for value in row or [] if (text := _text(value)))) for row in rows
    ]
    return pl.Series("label", distinct, pl.List(pl.String))


def _text(value: Any) -> str:
    return "" if value is None else value_of(value)


def _parts(text: str | None, separator: str, place: str) -> list[Any]:
    """The labels in a text: around separators, or in the printed form of a list."""
    text = (text or "").strip()
    if not (text.startswith("[") and text.endswith("]")):
        return text.split(separator)
    try:
        values = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        values = [part.strip("'\" ") for part in text[1:-1].split(separator)]
    if not all(isinstance(value, str | int | float) for value in values):
        raise ValueError(f"{place} holds {text[:60]!r}, no list of labels")
    return list(values)


def _of_columns(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """The names of the columns that say yes in a row."""
    rows: list[list[str]] = [[] for _ in range(frame.height)]
    for column in columns:
        for place, value in enumerate(plain_column(frame, column, "label")):
            word = _text(value).lower()
            if word in TRUE:
                rows[place].append(column)
            elif word not in FALSE:
                raise ValueError(
                    f"row {place + 1}: column {column} holds {value!r}; allowed where label is a "
                    "list of columns: 1 and 0, true and false, yes and no"
                )
    return pl.Series("label", rows, pl.List(pl.String))


def task_labels(
    frame: pl.DataFrame, kind: Kind, column: str | Sequence[str], separator: str = ","
) -> dict[str, str]:
    """The labels that a column holds, each its own word, of kind classification or multilabel.

    Raises ColumnError, and ValueError where there are too few or too many of them.
    """
    if kind == "multilabel":
        return learnt_labels(label_values(frame, column, separator).explode())
    if not isinstance(column, str):
        raise ColumnError(
            "label: is a list of columns; allowed with task.kind multilabel, which has several "
            "labels a row"
        )
    return learnt_labels(plain_column(frame, column, "label"))


def set_words(sets: pl.Series, no_label: str) -> pl.Series:
    """Each row's labels as words of a prompt; `no_label` where a row has none."""
    joined = sets.list.join(", ")
    return joined.replace("", no_label)
